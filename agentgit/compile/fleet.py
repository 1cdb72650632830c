"""The instances of one environment: their layers merged, their references resolved.

The layers that instances of one agent share are merged once; an instance only adds its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from agentgit.compile.envelope import Document
from agentgit.compile.layout import LayerFile, layer_files
from agentgit.compile.merge import Notes, merge, merge_layers
from agentgit.compile.places import ROLLOUTS, global_agent, instance_file, stems
from agentgit.compile.references import NO_TEXT, References, Text
from agentgit.compile.revision import compute_revisions
from agentgit.compile.shape import spec_shape
from agentgit.compile.tree import MapNode, Scalar, find, locate, to_plain
from agentgit.compile.validate import validate_tree
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.errors import Problem
from agentgit.model.desired import Instance
from agentgit.model.spec import AgentSpec, Rollout
from agentgit.model.value import Json

_DEFAULT_ROLLOUT = Rollout()


class Base(NamedTuple):
    """What all instances of an agent in an environment share. `documents` are lowest first."""

    documents: tuple[Document, ...]
    agent: Document
    spec: MapNode
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """An instance, the tree it was made of, the text file and the policy that it names."""

    instance: Instance
    tree: MapNode
    text: Text
    rollout: Document | None


class Fleet:
    """Compiles the instances of one environment; problems go to the workspace."""

    def __init__(
        self, workspace: Workspace, environment: str, references: References | None = None
    ) -> None:
        self.workspace = workspace
        self.environment = environment
        self.references = references or References(workspace)
        self._bases: dict[str, Base | None] = {}
        self._rollouts: dict[str, tuple[Rollout, Document]] | None = None

    def compile(self, name: str, notes: Notes | None = None) -> Resolved | None:
        """Compile one instance; None after reporting what is wrong.

        With `notes` of its own, all layers are merged anew, so that a record hears every one.
        """
        document = self.workspace.document(instance_file(self.environment, name))
        if document is None:
            return None
        base = self._find_base(document, name)
        if base is None:
            return None
        own = MapNode(document.spec.file, document.spec.at)
        own.key_at = document.spec.key_at
        own.items = {key: node for key, node in document.spec.items.items() if key != "agent"}
        shape = spec_shape("Agent")
        if notes is None:
            notes = self.workspace.notes
            count = len(notes.problems)
            tree = merge(base.spec, own, shape, notes)
        else:
            count = len(notes.problems)
            specs = (*(layer.spec for layer in base.documents), own)
            tree = merge_layers(specs, shape, notes) or own
        if len(notes.problems) > count:
            return None
        return self._resolve(tree, document, base)

    def _find_base(self, document: Document, name: str) -> Base | None:
        agent = document.spec.items.get("agent")
        if not isinstance(agent, Scalar) or not isinstance(agent.value, str):
            where = locate(document.spec if agent is None else agent)
            hint = "write agent: NAME, one of global/agents/"
            self.workspace.report(Problem("agent is missing", where, hint))
            return None
        if not self.workspace.exists(global_agent(agent.value)):
            known = stems(self.workspace.below("global/agents"), "global/agents/")
            hint = did_you_mean(agent.value, known) or (
                f"known agents: {list_names(known)}" if known
                else f"write {global_agent(agent.value)}"
            )  # fmt: skip
            message = f"there is no agent {agent.value}"
            self.workspace.report(Problem(message, locate(agent), hint))
            return None
        if agent.value not in self._bases:
            snapshot = self.workspace.snapshot
            files = layer_files(snapshot, self.environment, agent.value, name)
            self._bases[agent.value] = self._merge_base(files[:-1], agent.value)
        return self._bases[agent.value]

    def _merge_base(self, files: tuple[LayerFile, ...], agent: str) -> Base | None:
        read = [self.workspace.document(file.path) for file in files]
        if any(self.workspace.failed(file.path) for file in files):
            return None
        documents = tuple(document for document in read if document is not None)
        definition = self.workspace.document(global_agent(agent))
        notes = self.workspace.notes
        count = len(notes.problems)
        specs = tuple(document.spec for document in documents)
        spec = merge_layers(specs, spec_shape("Agent"), notes)
        if spec is None or definition is None or len(notes.problems) > count:
            return None
        labels: dict[str, str] = {}
        for document in documents:
            if document.kind == "Agent":
                labels |= document.labels
        return Base(documents, definition, spec, labels)

    def _resolve(self, tree: MapNode, document: Document, base: Base) -> Resolved | None:
        report = self.workspace.report
        if "container" not in tree.items and "process" not in tree.items:
            lost = "container" in base.spec.items or "process" in base.spec.items
            where = document.spec if lost else base.agent.spec
            hint = "write container: {image: ...} or process: {source: ..., command: [...]}"
            report(Problem("there is neither a container nor a process", locate(where), hint))
            return None
        value: dict[str, Json] = dict(to_plain(tree))
        text = self._insert_text(tree, value)
        source = self._insert_source(tree, value)
        found = self._insert_rollout(tree, value)
        if text is None or source is None or found is None:
            return None
        rollout, policy = found
        layers = (base.agent.spec, *(one.spec for one in reversed(base.documents)), document.spec)
        spec = validate_tree(AgentSpec, tree, report, value=value, layers=layers)
        if spec is None:
            return None
        revision, process_revision = compute_revisions(spec, source)
        instance = Instance(
            name=document.name,
            agent=base.agent.name,
            path=document.root.file.path,
            labels=base.labels | document.labels,
            spec=spec,
            rollout=rollout,
            revision=revision,
            process_revision=process_revision,
            source_digest=source,
        )
        return Resolved(instance, tree, text, policy)

    def _insert_text(self, tree: MapNode, value: dict[str, Json]) -> Text | None:
        """Put the text of instructions.file in; None after a problem."""
        node = find(tree, ("instructions", "file"))
        if not isinstance(node, Scalar):
            return NO_TEXT
        text = self.references.text(node)
        if text is None:
            return None
        value["instructions"] = {"file": text.path, "text": text.text}
        return text

    def _insert_source(self, tree: MapNode, value: dict[str, Json]) -> str | None:
        """Put the repository path of process.source in; its digest, None after a problem."""
        node = find(tree, ("process", "source"))
        if not isinstance(node, Scalar):
            return ""
        folder = self.references.folder(node)
        if folder is None:
            return None
        value["process"] = {**value["process"], "source": folder.path}
        return folder.digest

    def _insert_rollout(
        self, tree: MapNode, value: dict[str, Json]
    ) -> tuple[Rollout, Document | None] | None:
        """Look a named policy up or make the inline one; None after a problem."""
        node = tree.items.get("rollout")
        if node is None:
            return _DEFAULT_ROLLOUT, None
        if isinstance(node, MapNode):
            inline = validate_tree(Rollout, node, self.workspace.report, prefix=("rollout",))
            value["rollout"] = inline
            return None if inline is None else (inline, None)
        known = self._read_rollouts()
        name = str(node.value) if isinstance(node, Scalar) else ""
        if name not in known:
            if not self.workspace.failed(ROLLOUTS):
                hint = did_you_mean(name, known) or (
                    f"{ROLLOUTS} has: {list_names(known)}" if known
                    else f"write it in {ROLLOUTS}, or a map right here"
                )  # fmt: skip
                message = f"there is no rollout {name}"
                self.workspace.report(Problem(message, locate(node), hint))
            return None
        return known[name]

    def _read_rollouts(self) -> dict[str, tuple[Rollout, Document]]:
        if self._rollouts is None:
            self._rollouts = {}
            for document in self.workspace.documents(ROLLOUTS):
                rollout = validate_tree(Rollout, document.spec, self.workspace.report)
                # A broken policy was reported; instances that use it need no error of their own.
                self._rollouts[document.name] = (rollout or _DEFAULT_ROLLOUT, document)
        return self._rollouts

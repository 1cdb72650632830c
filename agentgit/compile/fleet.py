"""The instances of one environment: their layers merged, their references resolved.

The layers that instances of one agent share are merged once; an instance only adds its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from agentgit.compile.blocks import Blocks
from agentgit.compile.catalog import Catalog, Named, insert_definitions
from agentgit.compile.envelope import Document
from agentgit.compile.interpolation import (
    Filler,
    Filling,
    Scope,
    find_clean,
    join_fillings,
    known_node,
    known_text,
)
from agentgit.compile.layout import LayerFile, shared_layers
from agentgit.compile.lineage import find_lineage, flatten_vars
from agentgit.compile.merge import Merged, merge_layer, merge_layers
from agentgit.compile.notes import Notes
from agentgit.compile.places import PROJECT, ROLLOUTS, global_agent, stems
from agentgit.compile.references import NO_TEXT, References, Text
from agentgit.compile.roster import Member, Roster
from agentgit.compile.shape import spec_shape
from agentgit.compile.tree import MapNode, Scalar, find, locate, to_plain
from agentgit.compile.validate import validate_tree
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.errors import Location, Problem
from agentgit.model.spec import AgentSpec, Rollout
from agentgit.model.value import Json, Path

if TYPE_CHECKING:
    from agentgit.compile.config_schema import ConfigSchemas
    from agentgit.compile.revision import Written
    from agentgit.model.desired import Instance

_DEFAULT_ROLLOUT = Rollout()


class Base(NamedTuple):
    """What all instances of an agent in an environment share. `documents` are lowest first."""

    documents: tuple[Document, ...]
    agent: Document
    merged: Merged
    labels: dict[str, str]
    blocks: Blocks
    refers: bool  # whether there is a ${ in any of their files
    clean: frozenset[int]  # ids of nodes of `merged` that refer to nothing


class Resolved(NamedTuple):
    """An instance, the tree it was made of, and what it names.

    That is the text file, the policy, the definitions of the catalog, and the values that were
    put in for `${...}`, by path. `documents` are its layers, lowest first.
    """

    instance: Instance
    tree: MapNode
    text: Text
    rollout: Document | None
    named: tuple[Named, ...] = ()
    fillings: Mapping[Path, Filling] = MappingProxyType({})
    documents: tuple[Document, ...] = ()


class _MergedMember(NamedTuple):
    """The layers of one instance as one tree."""

    base: Base
    tree: MapNode
    named: tuple[Named, ...]
    fillings: Mapping[Path, Filling]


class _Settled(NamedTuple):
    """The spec of one instance, and what it names."""

    spec: AgentSpec
    text: Text
    source: str
    rollout: Rollout
    policy: Document | None
    schema: str


class Fleet:
    """Compiles the instances of one environment; problems go to the workspace."""

    def __init__(
        self, workspace: Workspace, environment: str, references: References | None = None
    ) -> None:
        self.workspace = workspace
        self.environment = environment
        self.references = references or References(workspace)
        self._schemas: ConfigSchemas | None = None
        self.lineage = find_lineage(workspace, environment)
        self.roster = Roster(workspace, environment)
        self._catalog = Catalog(workspace)
        self._scope: Scope | None = None
        self.declared: dict[str, Location] = {}
        self._bases: dict[str, Base | None] = {}
        self._written: Written = {}
        self._rollouts: dict[str, tuple[Rollout, Document]] | None = None

    def compile(self, name: str, notes: Notes | None = None) -> Resolved | None:
        """Compile one instance; None after reporting what is wrong.

        With `notes` of its own, all layers are merged anew, so that a record hears every one.
        """
        member = self.roster.find(name)
        if member is None:
            return None
        return self.compile_member(member, notes, anew=notes is not None)

    def compile_file(self, path: str) -> tuple[Instance, ...]:
        """Compile what a file declares, and let go of the file, which no other needs."""
        resolved = [self.compile_member(member) for member in self._take_members(path)]
        self.workspace.release(path)
        return tuple(one.instance for one in resolved if one is not None)

    def check_file(self, path: str) -> tuple[tuple[str, str, int], ...]:
        """Find what is wrong with what a file declares; name what is good: agent and replicas too.

        What is reported is what `compile_file` reports, without a value made of it.
        """
        good = []
        for member in self._take_members(path):
            merged = self._merge_member(member, None)
            if merged is None:
                continue
            settled = self._settle(merged.tree, member, merged.base)
            if settled is not None:
                good.append((member.name, merged.base.agent.name, settled.spec.scale.replicas))
        self.workspace.release(path)
        return tuple(good)

    def _take_members(self, path: str) -> list[Member]:
        members = self.roster.members(path)
        return [one for one in members if self.declare(one.name, one.place)]

    def declare(self, name: str, place: Location) -> bool:
        """Take an instance's name; False after reporting that another file has it."""
        first = self.declared.setdefault(name, place)
        if first is place:
            return True
        message, hint = f"two instances are named {name}", "give one of them another name"
        also = (("the first of them", first),)
        self.workspace.report(Problem(message, place, hint, also))
        return False

    def compile_member(
        self, member: Member, notes: Notes | None = None, *, anew: bool = False
    ) -> Resolved | None:
        """Compile one of the roster; as `compile`, but without `anew` only its own layer is heard.

        What is below that is heard by `hear_base`.
        """
        merged = self._merge_member(member, notes, anew=anew)
        settled = None if merged is None else self._settle(merged.tree, member, merged.base)
        if merged is None or settled is None:
            return None
        return Resolved(
            self._build(member, merged.base, settled),
            merged.tree,
            settled.text,
            settled.policy,
            merged.named,
            join_fillings(member.fillings, merged.fillings),
            (*merged.base.documents, member.document),
        )

    def hear_base(self, base: Base, notes: Notes) -> None:
        """Merge the layers that instances share once more, so that a record hears them."""
        specs = tuple(document.spec for document in base.documents)
        merge_layers(specs, spec_shape("Agent"), notes)

    def _merge_member(
        self, member: Member, notes: Notes | None, *, anew: bool = False
    ) -> _MergedMember | None:
        """Put the layers of one instance together, with what they refer to."""
        base = self.find_base(member)
        if base is None:
            return None
        shape = spec_shape("Agent")
        layers = (*(document.spec for document in base.documents), member.layer)
        notes = notes or self.workspace.notes
        count = len(notes.problems)
        if anew:
            tree = merge_layers(layers, shape, notes).tree
        else:
            tree = merge_layer(base.merged, member.layer, shape, notes).tree
        if len(notes.problems) > count:
            return None
        filler = Filler(self._know(member, base), self.workspace.report, clean=base.clean)
        inserted = insert_definitions(tree, layers, self._catalog, filler, notes)
        if inserted is None or len(notes.problems) > count:
            return None
        tree, named = inserted
        files = (member.document.root.file, *(one.definition.file for one in named))
        if base.refers or any("${" in file.text for file in files):
            problems = self.workspace.count
            tree = filler.fill_map(tree, shape)
            if self.workspace.count > problems:
                return None
        tree = self.workspace.image_lock.pin(tree)
        return _MergedMember(base, tree, named, filler.fillings)

    def _know(self, member: Member, base: Base) -> Scope:
        """What `${...}` may refer to in an instance."""
        if self._scope is None:
            project = self.workspace.document(PROJECT)
            known = {"environment.name": known_text(self.environment)}
            if project is not None:
                known["project.name"] = known_text(project.name)
            values = flatten_vars(self.lineage.vars)
            self._scope = known | {name: known_node(node) for name, node in values.items()}
        names = {"instance.name": member.name, "instance.agent": base.agent.name}
        return {**self._scope, **{name: known_text(text) for name, text in names.items()}}

    def find_base(self, member: Member) -> Base | None:
        """Find what an instance shares with others; None after reporting what is wrong."""
        agent = member.agent
        if not isinstance(agent, Scalar) or not isinstance(agent.value, str):
            where = locate(member.document.spec if agent is None else agent)
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
        return self.merge_shared(agent.value)

    def merge_shared(self, agent: str) -> Base | None:
        """Merge what the instances of an agent share, once."""
        if agent not in self._bases:
            files = shared_layers(self.workspace.snapshot, self.lineage.names, agent)
            notes = self.workspace.notes
            file, notes.file = notes.file, None
            self._bases[agent] = self._merge_base(files, agent)
            notes.file = file
        return self._bases[agent]

    def _merge_base(self, files: tuple[LayerFile, ...], agent: str) -> Base | None:
        read = [self.workspace.document(file.path) for file in files]
        if any(self.workspace.failed(file.path) for file in files):
            return None
        documents = tuple(document for document in read if document is not None)
        definition = self.workspace.document(global_agent(agent))
        notes = self.workspace.notes
        count = len(notes.problems)
        if definition is None:
            return None
        specs = tuple(document.spec for document in documents)
        merged = merge_layers(specs, spec_shape("Agent"), notes)
        if len(notes.problems) > count:
            return None
        if not merged.locks:  # once for all instances; what is final must stay as it was written
            merged = merged._replace(tree=self.workspace.image_lock.pin(merged.tree))
        labels: dict[str, str] = {}
        for document in documents:
            if document.kind == "Agent":
                labels |= document.labels
        blocks = Blocks(to_plain(merged.tree), spec_shape("Agent"))
        refers = any("${" in document.root.file.text for document in documents)
        clean: set[int] = set()
        find_clean(merged.tree, clean)
        return Base(documents, definition, merged, labels, blocks, refers, frozenset(clean))

    def _settle(self, tree: MapNode, member: Member, base: Base) -> _Settled | None:
        """Look up what a merged tree names, and make a spec of it."""
        report, document = self.workspace.report, member.document
        if "container" not in tree.items and "process" not in tree.items:
            lost = "container" in base.merged.tree.items or "process" in base.merged.tree.items
            where = document.spec if lost else base.agent.spec
            hint = "write container: {image: ...} or process: {source: ..., command: [...]}"
            report(Problem("there is neither a container nor a process", locate(where), hint))
            return None
        value: dict[str, Json] = dict(to_plain(tree))
        text = self._insert_text(tree, value)
        source = self._insert_source(tree, value)
        found = self._insert_rollout(tree, value)
        layers = (base.agent.spec, *(one.spec for one in reversed(base.documents)), member.layer)
        schema = (
            "" if "configSchema" not in tree.items else self._check_config(tree, value, layers)
        )
        if text is None or source is None or found is None or schema is None:
            return None
        rollout, policy = found
        shared = base.blocks.insert(value)
        spec = validate_tree(AgentSpec, tree, report, value=value, shared=shared, layers=layers)
        return None if spec is None else _Settled(spec, text, source, rollout, policy, schema)

    def _build(self, member: Member, base: Base, settled: _Settled) -> Instance:
        from agentgit.compile.revision import compute_revisions
        from agentgit.model.desired import Instance

        revision, process_revision = compute_revisions(settled.spec, settled.source, self._written)
        return Instance(
            name=member.name,
            agent=base.agent.name,
            path=member.path,
            labels={**base.labels, **member.labels},
            spec=settled.spec,
            rollout=settled.rollout,
            revision=revision,
            process_revision=process_revision,
            source_digest=settled.source,
            schema_digest=settled.schema,
        )

    def _check_config(
        self, tree: MapNode, value: dict[str, Json], layers: Sequence[MapNode]
    ) -> str | None:
        """Check config against its schema; its digest, None after reporting what is wrong."""
        if self._schemas is None:
            from agentgit.compile.config_schema import ConfigSchemas

            self._schemas = ConfigSchemas(self.references)
        return self._schemas.check(tree, value, layers)

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

"""Which place of a snapshot decides a value: asked for the few values that somebody looks at."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from agentgit.compile.fleet import Fleet, Resolved
from agentgit.compile.notes import Notes
from agentgit.compile.origins import Recorder
from agentgit.compile.places import environment_file
from agentgit.compile.references import NO_TEXT
from agentgit.compile.tree import Node, Scalar, find, locate, origin_of, to_plain
from agentgit.compile.workspace import Workspace
from agentgit.model.desired import Desired, Instance
from agentgit.model.origin import Chains, Origin
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Path

_TEXT = ("instructions", "text")
_KEPT = 8  # compiled instances: those that stand for others are asked for again and again


_NO_RIVALS = frozenset({"config", "scale", "placement"})  # blocks in which a key is only itself


class Tracer:
    """Finds the places of one environment's values. Nothing is read before it is asked for.

    The environment must be one that compiles: `desired` is what came of it. Instances that it
    does not know have no places. Instances of an agent whose own files say nothing about a value
    have it from the same place, so that only one of them is looked at.
    """

    def __init__(self, snapshot: Snapshot, desired: Desired | None) -> None:
        self._snapshot = snapshot
        self._environment = desired.environment if desired else ""
        instances = desired.instances if desired else ()
        self._instances = {one.name: one for one in instances}
        self._workspace = Workspace(snapshot)
        self._fleet: Fleet | None = None
        self._texts: dict[str, str] = {}
        self._shared: dict[tuple[str, Path], str] = {}
        self._resolved: dict[str, Resolved | None] = {}
        self._recorded: dict[str, tuple[Chains, Chains]] = {}
        self._folders: dict[str, Mapping[str, bytes]] = {}

    def place(self, instance: str, path: Path, *, near: bool = True) -> Origin | None:
        """Find the place that says a value, or else (if `near`) the nearest value around it.

        What a layer only names (a text, a policy, an entry of the catalog, a var) is said where
        it is defined.
        """
        resolved = self._resolve(instance, path)
        if resolved is None:
            return None
        if path[0] == "labels":
            return _place_label(resolved, path)
        if path[0] == "rollout" and resolved.rollout is not None:
            return _nearest(resolved.rollout.spec, path[1:], near=near)
        if path == _TEXT and resolved.text is not NO_TEXT:
            layer = "environment" if resolved.text.path.startswith("environments/") else "global"
            return Origin.model_validate({"layer": layer, "path": resolved.text.path, "line": 1})
        filling = resolved.fillings.get(path)
        if filling is not None and filling.definitions:
            return origin_of(filling.definitions[0])
        return _nearest(resolved.tree, path, near=near)

    def reference(self, instance: str, path: Path) -> tuple[str, Origin] | None:
        """Find the name by which a layer means what is said elsewhere, and where it says it."""
        resolved = self._resolve(instance, path)
        node = None if resolved is None else _find_reference(resolved, path)
        return None if node is None else (_word(node), origin_of(node))

    def remover(self, instance: str, path: Path) -> Origin | None:
        """Find the place that takes a value away by saying null; None where nobody does."""
        chain = self._record(instance, path)[1].get(path, ())
        return chain[0].origin if chain and chain[0].value is None else None

    def over(self, instance: str, path: Path) -> Origin | None:
        """Find the next place below the one that says, or takes away, a value."""
        said, removed = self._record(instance, path)
        chain = said.get(path) or removed.get(path, ())
        return next((one.origin for one in chain if one.state == "overridden"), None)

    def agent(self, instance: str) -> Origin | None:
        """Find the place that names the instance's agent."""
        found = self._instances.get(instance)
        document = None if found is None else self._workspace.document(found.path)
        node = None if document is None else find(document.root, ("spec", "agent"))
        return None if node is None else origin_of(node)

    def text_begin(self, instance: str) -> int | None:
        """Find the line before the first of the instructions, in the file that has them.

        0 where they are a file. None where a line of the file is not one of the text: in quotes,
        or folded.
        """
        resolved = self._resolve(instance, _TEXT)
        if resolved is None:
            return None
        if resolved.text is not NO_TEXT:
            return 0
        node = find(resolved.tree, _TEXT)
        if node is None:
            return None
        place = locate(node)
        is_literal = place.excerpt is not None and place.excerpt[place.column - 1 :][:1] == "|"
        return place.line if is_literal else None

    def source_files(self, instance: str) -> Mapping[str, bytes]:
        """Digest what is in the folder that a process runs from, by path; the mode counts too."""
        found = self._instances.get(instance)
        if found is None or found.spec.process is None:
            return {}
        folder, files = found.spec.process.source, self._snapshot.files
        if folder not in self._folders:
            self._folders[folder] = {
                path: sha256(files[path].mode.encode() + self._snapshot.read(path)).digest()
                for path in self._workspace.below(folder)
            }
        return self._folders[folder]

    def environment_place(self, path: Path) -> Origin | None:
        """Find the place of one of the environment's own values."""
        document = self._workspace.document(environment_file(self._environment))
        return None if document is None else _nearest(document.spec, path)

    def _resolve(self, instance: str, path: Path) -> Resolved | None:
        """Compile an instance again, or one that has this value from the same place."""
        name = self._find_equal(instance, path)
        if name is None:
            return None
        if name not in self._resolved:
            _make_room(self._resolved)
            self._resolved[name] = self._open().compile(name)
        return self._resolved[name]

    def _record(self, instance: str, path: Path) -> tuple[Chains, Chains]:
        """Compile with a record what `_resolve` does: what is said, and what was removed."""
        name = self._find_equal(instance, path)
        if name is None:
            return {}, {}
        if name not in self._recorded:
            _make_room(self._recorded)
            recorder = Recorder()
            resolved = self._open().compile(name, Notes(recorder))
            tree = None if resolved is None else resolved.tree
            chains = (recorder.chains(tree), recorder.removed(tree)) if tree else ({}, {})
            self._recorded[name] = chains
        return self._recorded[name]

    def _find_equal(self, instance: str, path: Path) -> str | None:
        found = self._instances.get(instance)
        if found is None or not self._is_silent(found, path):
            return None if found is None else instance
        return self._shared.setdefault((found.agent, path), instance)

    def _is_silent(self, instance: Instance, path: Path) -> bool:
        """Whether an instance's own file says nothing about a value: it does not name it.

        Looks at the text only, so it may say no where it could say yes, never the reverse.
        """
        text = self._texts.get(instance.path)
        if text is None:
            text = self._snapshot.read(instance.path).decode("utf-8", "replace")
            self._texts[instance.path] = text
        if "\\" in text:  # a key may be written with escapes
            return False
        if path[0] == "labels":
            return path[-1] not in text
        if path[0] not in text:
            return True
        unusual = "!" in text or "~" in text or "null" in text.lower()
        inside = path[0] in _NO_RIVALS and not unusual
        return inside and any(key not in text for key in path[1:])

    def _open(self) -> Fleet:
        if self._fleet is None:
            self._fleet = Fleet(self._workspace, self._environment)
        return self._fleet


def _make_room(kept: dict[str, Any]) -> None:
    """Forget the oldest: an instance is asked for all its values before the next one is."""
    if len(kept) >= _KEPT:
        del kept[next(iter(kept))]


def _find_reference(resolved: Resolved, path: Path) -> Node | None:
    if path[0] == "rollout":
        return None if resolved.rollout is None else find(resolved.tree, ("rollout",))
    if path == _TEXT:
        return find(resolved.tree, ("instructions", "file"))
    filling = resolved.fillings.get(path)
    if filling is not None:
        return filling.written
    said = find(resolved.tree, path)
    for named in resolved.named:
        inside = path[: len(named.path)] == named.path
        if inside and (said is None or said.file is named.definition.file):
            return named.reference
    return None


def _word(node: Node) -> str:
    return node.raw if isinstance(node, Scalar) else str(to_plain(node))


def _place_label(resolved: Resolved, path: Path) -> Origin:
    """Labels are joined from the agent's files and the instance's; a set makes some itself."""
    for document in reversed(resolved.documents):
        node = find(document.root, ("metadata", *path))
        if node is not None and document.kind != "AgentDefaults":
            return origin_of(node)
    return Origin(layer="instance", path=resolved.instance.path)


def _nearest(root: Node, path: Path, *, near: bool = True) -> Origin | None:
    for length in range(len(path), 0 if near else len(path) - 1, -1):
        node = find(root, path[:length])
        if node is not None:
            return origin_of(node)
    return None

"""Which place of a snapshot decides a value: asked for the few values that somebody looks at."""

from __future__ import annotations

from agentgit.compile.fleet import Fleet, Resolved
from agentgit.compile.notes import Notes
from agentgit.compile.origins import Recorder
from agentgit.compile.places import environment_file
from agentgit.compile.references import NO_TEXT
from agentgit.compile.tree import Node, Scalar, find, origin_of, to_plain
from agentgit.compile.workspace import Workspace
from agentgit.model.desired import Desired, Instance
from agentgit.model.origin import Origin
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Path

_TEXT = ("instructions", "text")


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
        self._latest: tuple[str, Resolved | None] = ("", None)

    def place(self, instance: str, path: Path) -> Origin | None:
        """Find the place that says a value, or the nearest value around it.

        What a layer only names (a text, a policy, an entry of the catalog, a var) is said where
        it is defined.
        """
        resolved = self._resolve(instance, path)
        if resolved is None:
            return None
        if path[0] == "labels":
            return _place_label(resolved, path)
        if path[0] == "rollout" and resolved.rollout is not None:
            return _nearest(resolved.rollout.spec, path[1:])
        if path == _TEXT and resolved.text is not NO_TEXT:
            layer = "environment" if resolved.text.path.startswith("environments/") else "global"
            return Origin.model_validate({"layer": layer, "path": resolved.text.path, "line": 1})
        filling = resolved.fillings.get(path)
        if filling is not None and filling.definitions:
            return origin_of(filling.definitions[0])
        return _nearest(resolved.tree, path)

    def reference(self, instance: str, path: Path) -> tuple[str, Origin] | None:
        """Find the name by which a layer means what is said elsewhere, and where it says it."""
        resolved = self._resolve(instance, path)
        node = None if resolved is None else _find_reference(resolved, path)
        return None if node is None else (_word(node), origin_of(node))

    def remover(self, instance: str, path: Path) -> Origin | None:
        """Find the place that takes a value away by saying null; None where nobody does."""
        name = self._find_equal(instance, path)
        recorder = Recorder()
        resolved = None if name is None else self._open().compile(name, Notes(recorder))
        chain = () if resolved is None else recorder.removed(resolved.tree).get(path, ())
        return chain[0].origin if chain and chain[0].value is None else None

    def environment_place(self, path: Path) -> Origin | None:
        """Find the place of one of the environment's own values."""
        document = self._workspace.document(environment_file(self._environment))
        return None if document is None else _nearest(document.spec, path)

    def _resolve(self, instance: str, path: Path) -> Resolved | None:
        """Compile an instance again, or one that has this value from the same place."""
        name = self._find_equal(instance, path)
        if name is None:
            return None
        if self._latest[0] != name:
            self._latest = (name, self._open().compile(name))
        return self._latest[1]

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


def _nearest(root: Node, path: Path) -> Origin | None:
    for length in range(len(path), 0, -1):
        node = find(root, path[:length])
        if node is not None:
            return origin_of(node)
    return None

"""Which instances an environment declares: one in a file, or many by a set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agentgit.compile.envelope import Document
from agentgit.compile.interpolation import Fillings
from agentgit.compile.places import instance_file
from agentgit.compile.tree import MapNode, Node, locate
from agentgit.compile.workspace import Workspace
from agentgit.errors import Location, Problem

_MARK = b"InstanceSet"  # in every file that is one


class Member(NamedTuple):
    """One declared instance: the agent it names, its own layer and labels, where it comes from.

    `node` is the value of a set that declares it, None for a file of its own; `fillings` is what
    a set put into its layer.
    """

    name: str
    agent: Node | None
    layer: MapNode
    labels: Mapping[str, str]
    document: Document
    node: Node | None
    fillings: Fillings

    @property
    def path(self) -> str:
        """The file that declares it."""
        return self.document.root.file.path

    @property
    def place(self) -> Location:
        """What declares it."""
        return Location(self.path) if self.node is None else locate(self.node)


def instance_files(workspace: Workspace, environment: str) -> tuple[str, ...]:
    """List the files in which an environment declares its instances."""
    folder = f"environments/{environment}/instances"
    return tuple(
        path for path in workspace.below(folder) if path.endswith(".yaml") and path.count("/") == 3
    )


class Roster:
    """The instances of one environment. A file is read when it is asked for."""

    def __init__(self, workspace: Workspace, environment: str) -> None:
        self.workspace = workspace
        self.files = instance_files(workspace, environment)
        self._environment = environment
        self._sets: dict[str, Mapping[str, Member]] = {}
        self._single: set[str] = set()

    def members(self, path: str) -> tuple[Member, ...]:
        """Give the instances that a file declares; none after reporting what is wrong."""
        if path in self._sets:
            return tuple(self._sets[path].values())
        document = self.workspace.document(path)
        if document is None:
            return ()
        if document.kind == "InstanceSet":
            self._sets[path] = {one.name: one for one in self._render(document)}
            return tuple(self._sets[path].values())
        return (_read(document),)

    def find(self, name: str) -> Member | None:
        """Find one instance, without reading others than sets; None when there is none."""
        path = instance_file(self._environment, name)
        declared = self.members(path) if self.workspace.exists(path) else ()
        if declared and declared[0].document.kind == "Instance":
            return declared[0]
        for other in self.set_files():
            self.members(other)
            if name in self._sets.get(other, {}):
                return self._sets[other][name]
        return None

    def names(self) -> tuple[str, ...]:
        """Name all instances, in order; sets are rendered for it."""
        sets = set(self.set_files())
        single = [path.rpartition("/")[2].removesuffix(".yaml") for path in self.files
                  if path not in sets]  # fmt: skip
        rendered = [member.name for path in sorted(sets) for member in self.members(path)]
        return tuple(sorted({*single, *rendered}))

    def set_files(self) -> Iterator[str]:
        """Name the files that are sets; a file is not parsed for it."""
        for path in self.files:
            if path in self._sets:
                yield path
            elif path not in self._single:
                marked = _MARK in self.workspace.snapshot.read(path)
                document = self.workspace.document(path) if marked else None
                if document is not None and document.kind == "InstanceSet":
                    yield path
                else:
                    self._single.add(path)

    def _render(self, document: Document) -> Iterator[Member]:
        from agentgit.compile.instance_sets import render_set

        agent = document.spec.items.get("agent")
        count = self.workspace.count
        rendered = render_set(document, self.workspace.report)
        if not rendered and self.workspace.count == count:
            items = document.spec.items
            node = items.get("matrix", items.get("list", document.spec))
            hint = "write values, or delete the file"
            self.workspace.notes.idle(node, Problem("the set is empty", locate(node), hint))
        for one in rendered:
            yield Member(one.name, agent, one.layer, one.labels, document, one.place, one.fillings)


def _read(document: Document) -> Member:
    """An instance's layer is all that it says but its agent."""
    spec = document.spec
    layer = MapNode(spec.file, spec.at)
    layer.key_at = spec.key_at
    layer.items = {key: node for key, node in spec.items.items() if key != "agent"}
    agent = spec.items.get("agent")
    return Member(document.name, agent, layer, document.labels, document, None, {})

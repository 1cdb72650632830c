"""Which environments an environment extends, and the vars that it has with theirs."""

from __future__ import annotations

from typing import NamedTuple

from agentgit.compile.merge import merge
from agentgit.compile.notes import Notes
from agentgit.compile.places import environment_file
from agentgit.compile.shape import FREE
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, locate
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.errors import Location, Problem
from agentgit.model.value import Path, dotted


class Lineage(NamedTuple):
    """An environment with what it extends: the furthest ancestor first, itself last."""

    names: tuple[str, ...]
    vars: MapNode | None = None

    @property
    def own(self) -> str:
        """The environment itself."""
        return self.names[-1]


def find_lineage(workspace: Workspace, environment: str, notes: Notes | None = None) -> Lineage:
    """Follow `extends` upwards; what is wrong with it is reported, and ends the way."""
    names = [environment]
    while (parent := _extends(workspace, names[-1])) is not None:
        name = str(parent.value)
        if name in names:
            _report_cycle(workspace, names[names.index(name) :])
            break
        if not workspace.exists(environment_file(name)):
            _report_unknown(workspace, parent, names[-1])
            break
        names.append(name)
    names.reverse()
    return Lineage(tuple(names), _merge_vars(workspace, names, notes or workspace.notes))


def flatten_vars(tree: MapNode | None, path: Path = ("vars",)) -> dict[str, Scalar]:
    """Name every single value by its dotted path."""
    found: dict[str, Scalar] = {}
    for key, node in tree.items.items() if tree is not None else ():
        at = (*path, key)
        if isinstance(node, MapNode):
            found |= flatten_vars(node, at)
        elif isinstance(node, Scalar):
            found[".".join(at)] = node
    return found


def _extends(workspace: Workspace, environment: str) -> Scalar | None:
    document = workspace.document(environment_file(environment))
    node = None if document is None else document.spec.items.get("extends")
    return node if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _report_unknown(workspace: Workspace, parent: Scalar, environment: str) -> None:
    known = {
        path.split("/")[1]
        for path in workspace.below("environments")
        if path.count("/") == 2 and path.endswith("/environment.yaml")
    } - {environment}
    hint = did_you_mean(str(parent.value), known) or f"there are: {list_names(known)}"
    workspace.report(Problem(f"there is no environment {parent.value}", locate(parent), hint))


def _report_cycle(workspace: Workspace, names: list[str]) -> None:
    """Report a circle once, wherever the way into it began."""
    first = names.index(min(names))
    circle = [*names[first:], *names[:first]]
    places = [(name, _place(workspace, name)) for name in circle]
    message = f"environments extend each other in a circle: {' -> '.join([*circle, circle[0]])}"
    if len(circle) == 1:
        message = f"{circle[0]} extends itself"
    also = tuple((f"{name} extends on", place) for name, place in places[1:])
    workspace.report(Problem(message, places[0][1], "take one extends out", also))


def _place(workspace: Workspace, environment: str) -> Location:
    node = _extends(workspace, environment)
    return Location(environment_file(environment)) if node is None else locate(node)


def _merge_vars(workspace: Workspace, names: list[str], notes: Notes) -> MapNode | None:
    merged: MapNode | None = None
    for name in names:
        document = workspace.document(environment_file(name))
        node = None if document is None else document.spec.items.get("vars")
        if not isinstance(node, MapNode):
            continue
        _report_unfit(workspace, node, ("vars",))
        below = MapNode(node.file, node.at) if merged is None else merged
        merged = merge(below, node, FREE, notes, ("vars",))
    return merged


def _report_unfit(workspace: Workspace, node: Node, path: Path) -> None:
    """Vars are single values, or maps of them; they are no references themselves."""
    if isinstance(node, MapNode):
        for key, value in node.items.items():
            _report_unfit(workspace, value, (*path, key))
    elif isinstance(node, ListNode):
        message = f"{dotted(path)} must be a single value or a map of them, found a list"
        workspace.report(Problem(message, locate(node), "give each value a name of its own"))
    elif isinstance(node.value, str) and "${" in node.value:
        message = f"{dotted(path)} cannot refer to another value"
        workspace.report(Problem(message, locate(node), "write the value itself"))

"""`!final`: what a layer forbids all higher layers to change.

A lock covers the effective value at its path, with everything below it, as it is when the layer
with the tag has been merged. Saying the same again is no change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agentgit.compile.notes import Notes
from agentgit.compile.shape import Fields, Shape, child_shape
from agentgit.compile.tags import same_value
from agentgit.compile.tree import MapNode, Node, find, locate, to_plain
from agentgit.errors import Problem
from agentgit.model.value import Path, dotted


class Lock(NamedTuple):
    """A path that is final: the node with the tag, and the value that must stay."""

    path: Path
    node: Node
    value: Node


def make_locks(finals: Sequence[tuple[Path, Node]], tree: MapNode) -> tuple[Lock, ...]:
    """Lock what a layer has tagged, with the value that it has after merging that layer."""
    found = ((path, node, find(tree, path)) for path, node in finals)
    return tuple(Lock(path, node, value) for path, node, value in found if value is not None)


def check_locks(
    locks: Sequence[Lock], tree: MapNode, layer: MapNode, shape: Fields, notes: Notes
) -> None:
    """Report every lock that a layer breaks, with the lock and the offender."""
    for lock in locks:
        now = find(tree, lock.path)
        if now is lock.value:
            continue
        if now is not None and same_value(to_plain(now), to_plain(lock.value)):
            continue
        for offender, path in _find_offenders(lock, layer, tree, shape):
            message = f"{dotted(path)} cannot be changed here: {dotted(lock.path)} is final"
            if path == lock.path:
                message = f"{dotted(path)} cannot be changed here: a lower layer made it final"
            hint = "leave it out, or take !final away in the lower layer"
            also = (("locked here", locate(lock.node)),)
            notes.problems.append(Problem(message, locate(offender), hint, also))


def _find_offenders(
    lock: Lock, layer: MapNode, tree: MapNode, shape: Fields
) -> list[tuple[Node, Path]]:
    """Find what the layer wrote that changes the locked value, and at which path."""
    node: Node = layer
    inner: Shape | None = shape
    for position, key in enumerate(lock.path):
        below = node.items.get(key) if isinstance(node, MapNode) else None
        if below is None:
            rival = _find_rival(node, key, inner)
            return [(rival or node, lock.path)]
        node, inner = below, child_shape(inner, key)
        if not isinstance(node, MapNode) and position < len(lock.path) - 1:
            return [(node, lock.path)]
    return _find_changes(node, lock.value, find(tree, lock.path), lock.path)


def _find_rival(node: Node, key: str, shape: Shape | None) -> Node | None:
    """Find the alternative that pushed the locked one out."""
    if not isinstance(node, MapNode) or not isinstance(shape, Fields):
        return None
    rivals = shape.rivals.get(key, ())
    return next((node.items[rival] for rival in rivals if rival in node.items), None)


def _find_changes(
    said: Node, before: Node | None, after: Node | None, path: Path
) -> list[tuple[Node, Path]]:
    """Go down to the values that differ."""
    maps = isinstance(before, MapNode) and isinstance(after, MapNode)
    if said.tag == "!replace" or not isinstance(said, MapNode) or not maps:
        return [(said, path)]
    found: list[tuple[Node, Path]] = []
    for key, node in said.items.items():
        old, new = find(before, (key,)), find(after, (key,))
        if old is None or new is None:
            found += [(node, (*path, key))] if old is not new else []
        elif not same_value(to_plain(old), to_plain(new)):
            found += _find_changes(node, old, new, (*path, key))
    return found or [(said, path)]

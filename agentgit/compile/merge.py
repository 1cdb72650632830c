"""Fold the layers of an instance into one tree: the rules of the format, in one function.

Maps merge, everything else is replaced; a chosen alternative removes its rivals; null deletes; a
clash of types is an error; tags say what is unusual. Whatever is kept keeps its node, and with it
the place it came from, so the cheap merge loses no origin. What was overridden or removed is only
recorded when asked for.
"""

from __future__ import annotations

from typing import NamedTuple

from agentgit.compile.locks import Lock, check_locks, make_locks
from agentgit.compile.notes import Notes
from agentgit.compile.shape import Either, Fields, Shape, child_shape
from agentgit.compile.tags import EXTENDING, extend_list, remove_names, remove_values
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, locate
from agentgit.errors import Problem
from agentgit.model.value import Path, dotted


class Merged(NamedTuple):
    """Some layers as one tree, and what they forbid higher layers to change."""

    tree: MapNode
    locks: tuple[Lock, ...] = ()


def merge_layers(layers: tuple[MapNode, ...], shape: Fields, notes: Notes) -> Merged:
    """Fold layers, lowest first. There must be one."""
    merged = Merged(MapNode(layers[0].file, layers[0].at))
    for layer in layers:
        merged = merge_layer(merged, layer, shape, notes)
    return merged


def merge_layer(below: Merged, layer: MapNode, shape: Fields, notes: Notes) -> Merged:
    """Put one layer over what the lower ones made, as far as their locks allow."""
    notes.finals.clear()
    tree = merge(below.tree, layer, shape, notes)
    if below.locks:
        check_locks(below.locks, tree, layer, shape, notes)
    locks = below.locks
    if notes.finals:
        locks += make_locks(notes.finals, tree)
    return Merged(tree, locks)


def merge(
    lower: MapNode, upper: MapNode, shape: Shape | None, notes: Notes, path: Path = ()
) -> MapNode:
    """Put one map over another; neither is changed."""
    merged = MapNode(upper.file, upper.at)
    merged.key_at = upper.key_at
    items = merged.items = dict(lower.items)
    rivals = shape.rivals if isinstance(shape, Fields) else {}
    for key, above in upper.items.items():
        if isinstance(above, Scalar) and above.value is None:
            notes.delete(above, key, lower, path)
            if items.pop(key, None) is not None and notes.record is not None:
                notes.record.remove((*path, key), above)
            continue
        if key in rivals:
            _remove_rivals(items, rivals[key], notes, path)
        below, inner = items.get(key), child_shape(shape, key)
        if above.tag is None:
            items[key] = _place(below, above, inner, notes, (*path, key))
        elif below is not None or above.tag == "!final":
            items[key] = _obey(below, above, inner, notes, (*path, key))
        else:
            _warn_idle(above, key, lower, notes, path)
            if above.tag != "!remove":
                items[key] = _place(None, above, inner, notes, (*path, key))
    if notes.record is not None and not upper.items and not lower.items and path:
        notes.record.set(path, upper)
    return merged


def _place(below: Node | None, above: Node, shape: Shape | None, notes: Notes, path: Path) -> Node:
    """Decide what stands at a path when a layer writes a value there."""
    if isinstance(above, MapNode) and isinstance(below, MapNode):
        return merge(below, above, shape, notes, path)
    if below is not None and _form(below) != _form(above):
        if not isinstance(shape, Either):
            notes.problems.append(_clash(below, above, path))
        elif notes.record is not None:
            notes.record.remove(path, None)
    if isinstance(above, MapNode) and (notes.record is not None or _is_special(above)):
        return merge(MapNode(above.file, above.at), above, shape, notes, path)
    if notes.record is not None:
        notes.record.set(path, above)
    return above


def _obey(below: Node | None, above: Node, shape: Shape | None, notes: Notes, path: Path) -> Node:
    """Do what a tag says to what lower layers said at a path."""
    tag = above.tag
    if tag == "!final":
        notes.finals.append((path, above))
        return _place(below, above, shape, notes, path)
    if tag == "!replace":
        notes.act(above)
        if notes.record is not None:
            notes.record.remove(path, above)
        return _place(None, above, shape, notes, path)
    if tag in EXTENDING and isinstance(above, ListNode) and isinstance(below, ListNode):
        return extend_list(below, above, notes, path)
    if tag == "!remove" and isinstance(above, ListNode):
        if isinstance(below, ListNode):
            return remove_values(below, above, notes, path)
        if isinstance(below, MapNode):
            return remove_names(below, above, notes, path)
    notes.problems.append(_clash(below or above, above, path))
    return above


def _warn_idle(above: Node, key: str, lower: MapNode, notes: Notes, path: Path) -> None:
    message = f"{above.tag} changes {dotted((*path, key))}, which no lower layer sets"
    hint = notes.guess(key, lower.items) or "leave the tag out"
    notes.idle(above, Problem(message, locate(above), hint))


def _remove_rivals(
    items: dict[str, Node], rivals: tuple[str, ...], notes: Notes, path: Path
) -> None:
    for rival in rivals:
        if items.pop(rival, None) is not None and notes.record is not None:
            notes.record.remove((*path, rival), None)


def _form(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a map"
    return "a list" if isinstance(node, ListNode) else "a single value"


def _clash(below: Node, above: Node, path: Path) -> Problem:
    message = f"{dotted(path)} is {_form(above)} here and {_form(below)} in a lower layer"
    hint = f"write {_form(below)}, or !replace before the value to forget what is below"
    if above.tag is not None:
        message = (
            f"{above.tag} wants a list, and {dotted(path)} is {_form(below)} in a lower layer"
        )
        hint = "write !replace to forget what is below"
    return Problem(message, locate(above), hint, (("the lower layer", locate(below)),))


def _is_special(node: MapNode) -> bool:
    """Whether a map has a null or a tag in it, which must not reach the result."""
    for value in node.items.values():
        if value.tag is not None:
            return True
        if isinstance(value, Scalar):
            if value.value is None:
                return True
        elif isinstance(value, MapNode) and _is_special(value):
            return True
    return False

"""Fold the layers of an instance into one tree: the rules of the format, in one function.

Maps merge, everything else is replaced; a chosen alternative removes its rivals; null deletes; a
clash of types is an error. Whatever is kept keeps its node, and with it the place it came from, so
the cheap merge loses no origin. What was overridden or removed is only recorded when asked for.
"""

from __future__ import annotations

from typing import Protocol

from agentgit.compile.shape import Either, Fields, Shape, child_shape
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, locate, locate_key
from agentgit.compile.words import did_you_mean
from agentgit.errors import Problem
from agentgit.model.value import Path, dotted


class Record(Protocol):
    """Hears what each layer says, from the lowest to the highest."""

    def set(self, path: Path, node: Node) -> None:
        """A layer says a value, a whole map of them where none was before."""

    def remove(self, path: Path, by: Node | None) -> None:
        """What was said at and below a path is gone: by null, or with the other alternative."""


class Notes:
    """What merging finds wrong. One `Notes` may serve many instances that share layers."""

    def __init__(self, record: Record | None = None) -> None:
        self.problems: list[Problem] = []
        self.record = record
        self._deleting: set[tuple[str, int]] = set()
        self._idle: dict[tuple[str, int], Problem] = {}

    def delete(self, node: Scalar, key: str, below: MapNode, path: Path) -> None:
        """Take note of a null, and whether there was something to remove."""
        place = (node.file.path, node.at)
        if key in below.items:
            self._deleting.add(place)
        elif place not in self._idle:
            message = f"null removes {dotted((*path, key))}, which no lower layer sets"
            hint = did_you_mean(key, below.items) or "leave it out"
            self._idle[place] = Problem(message, locate_key(node, key), hint)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Every null that removed nothing wherever its layer took part."""
        idle = (problem for place, problem in self._idle.items() if place not in self._deleting)
        return tuple(idle)


def merge_layers(layers: tuple[MapNode, ...], shape: Fields, notes: Notes) -> MapNode | None:
    """Fold layers, lowest first. None when there is none."""
    merged: MapNode | None = None
    for layer in layers:
        below = MapNode(layer.file, layer.at) if merged is None else merged
        merged = merge(below, layer, shape, notes)
    return merged


def merge(
    lower: MapNode, upper: MapNode, shape: Shape | None, notes: Notes, path: Path = ()
) -> MapNode:
    """Put one layer over what the lower ones made; neither is changed."""
    merged = MapNode(upper.file, upper.at)
    merged.key_at = upper.key_at
    items = merged.items = dict(lower.items)
    rivals = shape.exclusive if isinstance(shape, Fields) else ()
    for key, above in upper.items.items():
        if isinstance(above, Scalar) and above.value is None:
            notes.delete(above, key, lower, path)
            if items.pop(key, None) is not None and notes.record is not None:
                notes.record.remove((*path, key), above)
            continue
        if key in rivals:
            _remove_rivals(items, key, rivals, notes, path)
        items[key] = _place(items.get(key), above, child_shape(shape, key), notes, (*path, key))
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
    if isinstance(above, MapNode) and (notes.record is not None or _has_null(above)):
        return merge(MapNode(above.file, above.at), above, shape, notes, path)
    if notes.record is not None:
        notes.record.set(path, above)
    return above


def _remove_rivals(
    items: dict[str, Node], key: str, rivals: tuple[str, ...], notes: Notes, path: Path
) -> None:
    for rival in rivals:
        if rival != key and items.pop(rival, None) is not None and notes.record is not None:
            notes.record.remove((*path, rival), None)


def _form(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a map"
    return "a list" if isinstance(node, ListNode) else "a single value"


def _clash(below: Node, above: Node, path: Path) -> Problem:
    message = f"{dotted(path)} is {_form(above)} here and {_form(below)} in a lower layer"
    hint = f"write {_form(below)}, or take it out of the lower layer"
    return Problem(message, locate(above), hint, (("the lower layer", locate(below)),))


def _has_null(node: MapNode) -> bool:
    for value in node.items.values():
        if isinstance(value, Scalar):
            if value.value is None:
                return True
        elif isinstance(value, MapNode) and _has_null(value):
            return True
    return False

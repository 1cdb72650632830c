"""Each file alone against its model: unknown keys, wrong types, list forms, exact positions.

Everything is optional in a layer and null deletes there; the merged document is checked against
the full model later. The result is the same tree with list forms turned into maps.
"""

from __future__ import annotations

from collections.abc import Callable

from agentgit.compile.shape import Either, Fields, Free, Keyed, Leaf, Plain, Shape
from agentgit.compile.tree import (
    INVALID,
    ListNode,
    MapNode,
    Node,
    Scalar,
    locate,
    locate_key,
)
from agentgit.compile.words import advise, closest, did_you_mean, list_names, must_be
from agentgit.errors import Problem


class Checker:
    """Collects what is wrong with one file. `layer` says whether null deletes here."""

    def __init__(self, report: Callable[[Problem], None], *, layer: bool) -> None:
        self.report = report
        self.layer = layer

    def check(self, node: Node, shape: Shape, name: str, *, item: bool = False) -> Node:
        """Check a value and give its normal form; an item of a list cannot be deleted."""
        if node.tag is not None:
            self.refuse_tag(node, node.tag)
        if isinstance(node, Scalar):
            if node.value is INVALID:
                return node
            if node.value is None and not isinstance(shape, Free):
                if item or not self.layer:
                    self.refuse_null(node, name)
                return node
        if isinstance(shape, Either):
            if isinstance(node, ListNode):
                self.refuse(node, name, "a name or a map")
                return node
            shape = shape.leaf if isinstance(node, Scalar) else shape.fields
        return self.check_shape(node, shape, name)

    def check_shape(self, node: Node, shape: Shape, name: str) -> Node:
        """Check a value that is not null against what it must be."""
        match shape:
            case Leaf():
                result = self.check_leaf(node, shape, name)
            case Fields():
                result = self.check_fields(node, shape, name)
            case Keyed():
                result = self.check_keyed(node, shape, name)
            case Plain():
                result = self.check_plain(node, shape, name)
            case _:
                result = self.check_free(node)
        return result

    def refuse_tag(self, node: Node, tag: str) -> None:
        """Say that the meaning of a tag is not built yet."""
        hint = "without it, maps merge and everything else is replaced"
        self.report(Problem(f"the tag {tag} is not supported yet", locate(node), hint))

    def refuse_null(self, node: Node, name: str) -> None:
        """Say that null has no meaning here."""
        hint = "null removes an inherited value, and here nothing is inherited: leave it out"
        self.report(Problem(f"{name} cannot be null", locate(node), hint))

    def refuse(self, node: Node, name: str, expected: str) -> None:
        """Say what a value must be."""
        hint = advise(node, expected)
        self.report(Problem(must_be(name, expected, node), locate(node), hint))

    def check_leaf(self, node: Node, shape: Leaf, name: str) -> Node:
        """Check a single value; a number where text is meant is taken as written."""
        if not isinstance(node, Scalar):
            self.refuse(node, name, shape.expected)
            return node
        value = node.value
        if shape.text and isinstance(value, int | float) and not isinstance(value, bool):
            copy = Scalar(node.file, node.at, node.raw, node.raw, node.width)
            copy.key_at = node.key_at
            node, value = copy, copy.value
        expected = shape.judge(value)
        if expected is not None:
            self.refuse(node, name, expected)
        return node

    def check_fields(self, node: Node, shape: Fields, name: str) -> Node:
        """Check a map against the fields of a model."""
        if not isinstance(node, MapNode):
            self.refuse(node, name, "a map")
            return node
        changed: dict[str, Node] = {}
        for key, value in node.items.items():
            field = shape.fields.get(key)
            if field is None:
                self.refuse_key(value, key, shape, name)
                continue
            result = self.check(value, field, key)
            if result is not value:
                changed[key] = result
        self.check_exclusive(node, shape)
        return _with(node, changed)

    def check_exclusive(self, node: MapNode, shape: Fields) -> None:
        """Report two alternatives that are both given."""
        given = [key for key in shape.exclusive if not _is_null(node.items.get(key))]
        if len(given) > 1:
            first, second = given[:2]
            also = ((f"{first} is here", locate_key(node.items[first], first)),)
            where = locate_key(node.items[second], second)
            message = f"{first} and {second} exclude each other"
            self.report(Problem(message, where, "keep one of them", also))

    def refuse_key(self, value: Node, key: str, shape: Fields, name: str) -> None:
        """Report an unknown key, with what was probably meant."""
        self.report(
            Problem(f"unknown key {key} in {name}", locate_key(value, key), _guess(key, shape))
        )

    def check_keyed(self, node: Node, shape: Keyed, name: str) -> Node:
        """Check a map whose keys are the user's, or its list form."""
        if isinstance(node, ListNode) and shape.sugar is not None:
            node = shape.sugar(node, self.report)
        if not isinstance(node, MapNode):
            expected = "a map" if shape.sugar is None else "a map or a list"
            self.refuse(node, name, expected)
            return node
        changed: dict[str, Node] = {}
        for key, value in node.items.items():
            expected_key = shape.key.judge(key)
            if expected_key is not None:
                message = f"a key of {name} must be {expected_key}, found {key}"
                self.report(Problem(message, locate_key(value, key)))
            result = self.check(value, shape.item, key)
            if result is not value:
                changed[key] = result
        return _with(node, changed)

    def check_plain(self, node: Node, shape: Plain, name: str) -> Node:
        """Check a list, or its one-line form."""
        if isinstance(node, Scalar) and isinstance(node.value, str) and shape.split is not None:
            node = _split(node, shape.split)
        if not isinstance(node, ListNode):
            self.refuse(node, name, "a list" if shape.split is None else "a list or text")
            return node
        items = [
            self.check(value, shape.item, f"an item of {name}", item=True) for value in node.items
        ]
        if all(new is old for new, old in zip(items, node.items, strict=True)):
            return node
        copy = ListNode(node.file, node.at)
        copy.items, copy.key_at, copy.tag = items, node.key_at, node.tag
        return copy

    def check_free(self, node: Node) -> Node:
        """Look for tags below a free-form value."""
        if not isinstance(node, Scalar):
            below = node.items.values() if isinstance(node, MapNode) else node.items
            for value in below:
                if value.tag is not None:
                    self.refuse_tag(value, value.tag)
                self.check_free(value)
        return node


def _guess(key: str, shape: Fields) -> str:
    near = did_you_mean(key, shape.fields)
    if near is not None:
        return near
    for name, field in shape.fields.items():
        below = field.fields if isinstance(field, Either) else field
        if isinstance(below, Fields):
            inner = closest(key, below.fields)
            if inner is not None and inner.lower() == key.replace("_", "").lower():
                return f"did you mean {name}.{inner}?"
    return f"known are {list_names(shape.fields)}"


def _with(node: MapNode, changed: dict[str, Node]) -> MapNode:
    if not changed:
        return node
    copy = MapNode(node.file, node.at)
    copy.items = node.items | changed
    copy.key_at, copy.tag = node.key_at, node.tag
    return copy


def _split(node: Scalar, split: Callable[[object], object]) -> ListNode:
    result = ListNode(node.file, node.at)
    result.key_at = node.key_at
    parts = split(node.value)
    if isinstance(parts, tuple):
        result.items = [Scalar(node.file, node.at, part, part, node.width) for part in parts]
    return result


def _is_null(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and node.value is None)

"""Each file alone against its model: unknown keys, wrong types, list forms, exact positions.

Everything is optional in a layer and null deletes there; the merged document is checked against
the full model later. The result is the same tree with list forms turned into maps.
"""

from __future__ import annotations

from collections.abc import Callable

from agentgit.compile.compose_keys import INSTEAD
from agentgit.compile.interpolation import has_reference
from agentgit.compile.shape import (
    FREE,
    LAYERED,
    Either,
    Fields,
    Free,
    Keyed,
    Leaf,
    Plain,
    Shape,
)
from agentgit.compile.tag_rules import judge_tag
from agentgit.compile.tree import (
    INVALID,
    ListNode,
    MapNode,
    Node,
    Scalar,
    locate,
    locate_key,
    with_items,
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
            problem = judge_tag(node, shape, name, layer=self.layer, item=item)
            if problem is not None:
                self.report(problem)
                return node
            if node.tag == "!remove" and not isinstance(shape, Plain | Free):
                return node  # names, which are judged already
        if isinstance(node, Scalar):
            if node.value is INVALID:
                return node
            if node.value is None and not isinstance(shape, Free):
                if item or not self.layer:
                    self.refuse_null(node, name)
                return node
        if isinstance(shape, Either):
            return self.check_either(node, shape, name)
        return self.check_shape(node, shape, name)

    def check_either(self, node: Node, shape: Either, name: str) -> Node:
        """Check a name or what stands in its place."""
        if isinstance(node, ListNode):
            self.refuse(node, name, "a name or a map")
            return node
        if isinstance(node, MapNode):
            return self.check_shape(node, shape.fields, name)
        if has_reference(node.value):
            self.refuse_reference(node, name)
            return node
        return self.check_shape(node, shape.leaf, name)

    def check_shape(self, node: Node, shape: Shape, name: str) -> Node:
        """Check a value that is not null against what it must be."""
        if isinstance(shape, Leaf):
            return self.check_leaf(node, shape, name)
        if isinstance(shape, Fields):
            return self.check_fields(node, shape, name)
        if isinstance(shape, Keyed):
            return self.check_keyed(node, shape, name)
        if isinstance(shape, Plain):
            return self.check_plain(node, shape, name)
        return self.check_free(node)

    def refuse_null(self, node: Node, name: str) -> None:
        """Say that null has no meaning here."""
        hint = "null removes an inherited value, and here nothing is inherited: leave it out"
        self.report(Problem(f"{name} cannot be null", locate(node), hint))

    def refuse_reference(self, node: Scalar, name: str) -> None:
        """Say that a name is not looked up by another name."""
        hint = "write the name itself, in the layer where it differs"
        self.report(Problem(f"{name} cannot be a reference", locate(node), hint))

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
            copy.key_at, copy.tag = node.key_at, node.tag
            node, value = copy, copy.value
        if self.layer and has_reference(value):
            return node  # judged when the value is known
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
            if type(field) is Leaf and _is_good(value, field):
                continue
            if field is None:
                self.refuse_key(value, key, shape, name)
                continue
            if key == "ref" and isinstance(value, Scalar) and has_reference(value.value):
                self.refuse_reference(value, key)
                continue
            checker = self
            if (shape.model, key) == LAYERED:
                checker = Checker(self.report, layer=True)
            result = checker.check(value, field, key)
            if result is not value:
                changed[key] = result
        if shape.rivals:
            self.check_exclusive(node, shape)
        return with_items(node, changed)

    def check_exclusive(self, node: MapNode, shape: Fields) -> None:
        """Report two alternatives that are both given."""
        for first, second in _both_given(node, shape):
            also = ((f"{first} is here", locate_key(node.items[first], first)),)
            where = locate_key(node.items[second], second)
            message = f"{first} and {second} exclude each other"
            self.report(Problem(message, where, "keep one of them", also))

    def refuse_key(self, value: Node, key: str, shape: Fields, name: str) -> None:
        """Report an unknown key, with what was probably meant."""
        hint = INSTEAD.get(shape.model, {}).get(key) or _guess(key, shape)
        self.report(Problem(f"unknown key {key} in {name}", locate_key(value, key), hint))

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
            self.check_key(value, key)
            if type(shape.item) is Leaf and _is_good(value, shape.item):
                continue
            result = self.check(value, shape.item, key)
            if result is not value:
                changed[key] = result
        return with_items(node, changed)

    def check_key(self, value: Node, key: str) -> None:
        """Keys are what they are in every instance."""
        if self.layer and "${" in key:
            hint = "refer to other values in values only"
            self.report(Problem("a key cannot be a reference", locate_key(value, key), hint))

    def check_plain(self, node: Node, shape: Plain, name: str) -> Node:
        """Check a list, or its one-line form."""
        if isinstance(node, Scalar) and isinstance(node.value, str) and shape.split is not None:
            try:
                node = _split(node, shape.split)
            except ValueError as error:
                self.report(Problem(f"{name}: {error}", locate(node)))
                return node
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

    def check_free(self, node: Node, *, item: bool = False) -> Node:
        """Look for tags below a free-form value."""
        inside = item or isinstance(node, ListNode)
        below = list(node.items.items()) if isinstance(node, MapNode) else []
        below += [("", value) for value in node.items] if isinstance(node, ListNode) else []
        for key, value in below:
            self.check_key(value, key)
            if value.tag is not None:
                problem = judge_tag(value, FREE, key, layer=self.layer, item=inside)
                if problem is not None:
                    self.report(problem)
            self.check_free(value, item=inside)
        return node


def _is_good(node: Node, shape: Leaf) -> bool:
    """Whether a value needs no further look: nearly all are like this."""
    return type(node) is Scalar and node.tag is None and shape.accepts(node.value)


def _both_given(node: MapNode, shape: Fields) -> list[tuple[str, str]]:
    """Find the first two alternatives of a map that are both there, in the order of the model."""
    given = [key for key in shape.rivals if not _is_null(node.items.get(key))]
    pairs = [(one, two) for one in given for two in shape.rivals[one] if two in given]
    return pairs[:1]


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


def _split(node: Scalar, split: Callable[[object], object]) -> ListNode:
    result = ListNode(node.file, node.at)
    result.key_at, result.tag = node.key_at, node.tag
    parts = split(node.value)
    if isinstance(parts, tuple):
        result.items = [Scalar(node.file, node.at, part, part, node.width) for part in parts]
    return result


def _is_null(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and node.value is None)

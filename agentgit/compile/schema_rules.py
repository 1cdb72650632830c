"""What a `configSchema` may say: JSON Schema 2020-12 that refers to itself only, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from agentgit.compile.patterns import refuse_pattern
from agentgit.compile.tree import (
    ListNode,
    MapNode,
    Node,
    Scalar,
    locate,
    locate_key,
    step,
    to_plain,
)
from agentgit.errors import Problem
from agentgit.model.value import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMAS = 5000
_ONE = frozenset({
    "not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_REFUSED = {
    "$dynamicRef": "write $ref", "$dynamicAnchor": "leave it out, and refer by #/$defs/NAME",
    "$anchor": "leave it out, and refer by #/$defs/NAME",
    "$vocabulary": "leave it out", "definitions": "write $defs",
}  # fmt: skip


class Target(NamedTuple):
    """What a reference within a schema names, and where the library asks for the next one.

    Its own way to look them up ends the whole process where the stack is nearly full, as it is
    in a schema that refers to itself without end.
    """

    root: Any
    contents: Any

    @property
    def resolver(self) -> Target:
        """Resolve what stands in it: references begin at the root wherever they are."""
        return self

    def in_subresource(self, _schema: object) -> Target:
        """Resolve the same: `$id` stands nowhere but at the root."""
        return self

    def lookup(self, reference: str) -> Target:
        """Find a schema by a reference that `find_violations` has let pass."""
        found = self.root
        for key in unquote(reference).split("/")[1:]:
            found = found[int(key) if isinstance(found, list) else _unescape(key)]
        return Target(self.root, found)


def find_violations(root: MapNode) -> Iterator[Problem]:
    """Check a schema against the rules that are ours; JSON Schema's own are checked elsewhere."""
    known: set[str] = set()
    references: list[Scalar] = []
    for pointer, schema in _walk(root):
        known.add(pointer)
        if len(known) > MAX_SCHEMAS:
            message = f"a schema has at most {MAX_SCHEMAS} schemas in it"
            yield Problem(message, locate(root), "split the agent's settings")
            return
        yield from _check(schema, references, is_root=pointer == "#")
    for node in references:
        target = str(node.value)
        if not target.startswith("#"):
            hint = "copy what it names below $defs, and write #/$defs/NAME"
            message = "$ref refers to this schema only: nothing else is read"
            yield Problem(message, locate(node), hint)
        elif unquote(target) not in known:
            hint = "write # or #/$defs/NAME"
            yield Problem(f"$ref: there is no schema {target} in this one", locate(node), hint)


def follow(root: MapNode, path: tuple[str, ...]) -> Node:
    """Find the rule that a validator's path means; such a path leaves references out."""
    node: Node = root
    for key in path:
        for _ in range(len(path)):
            if step(node, key) is not None or not isinstance(node, MapNode):
                break
            node = _refer(root, node)
        below = step(node, key)
        if below is None:
            break
        node = below
    return node


def put_costly_last(schema: Json) -> Json:
    """Order rules so that those which look at the others come after those that have a bound."""
    if isinstance(schema, list):
        return [put_costly_last(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    keys = sorted(schema, key=lambda key: key.startswith("unevaluated"))
    return {key: put_costly_last(schema[key]) for key in keys}


def _refer(root: MapNode, node: MapNode) -> Node:
    reference = node.items.get("$ref")
    if not isinstance(reference, Scalar):
        return node
    parts = unquote(str(reference.value)).lstrip("#").split("/")
    return _step_all(root, [part for part in parts if part])


def _step_all(node: Node, parts: list[str]) -> Node:
    for part in parts:
        node = step(node, _unescape(part)) or node
    return node


def _walk(root: Node) -> Iterator[tuple[str, MapNode]]:
    """List every schema inside a schema with its pointer; data and unknown keys have none."""
    stack: list[tuple[str, Node]] = [("#", root)]
    while stack:
        pointer, node = stack.pop()
        if not isinstance(node, MapNode):
            continue
        yield pointer, node
        for key, value in node.items.items():
            below = f"{pointer}/{key}"
            if key in _ONE:
                stack.append((below, value))
            elif key in _MAPS and isinstance(value, MapNode):
                stack += [(f"{below}/{_escape(one)}", node) for one, node in value.items.items()]
            elif key in _LISTS and isinstance(value, ListNode):
                stack += [(f"{below}/{one}", node) for one, node in enumerate(value.items)]


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _unescape(key: str) -> str:
    return key.replace("~1", "/").replace("~0", "~")


def _check(schema: MapNode, references: list[Scalar], *, is_root: bool) -> Iterator[Problem]:
    for key, value in schema.items.items():
        if key in _REFUSED:
            message = f"{key} is not supported in a configSchema"
            yield Problem(message, locate_key(value, key), _REFUSED[key])
        elif key == "$ref" and isinstance(value, Scalar):
            references.append(value)
        elif key in {"$id", "$schema"} and not is_root:
            message = f"{key} belongs at the beginning of a schema"
            yield Problem(message, locate_key(value, key), "leave it out")
        elif key == "$schema" and to_plain(value) not in (DIALECT, f"{DIALECT}#"):
            hint = f"write {DIALECT}, or leave it out"
            yield Problem("a configSchema is JSON Schema 2020-12", locate(value), hint)
        elif key == "pattern" and isinstance(value, Scalar) and isinstance(value.value, str):
            yield from _check_pattern(value.value, value, None)
        elif key == "patternProperties" and isinstance(value, MapNode):
            for pattern, node in value.items.items():
                yield from _check_pattern(pattern, node, pattern)


def _check_pattern(pattern: str, node: Node, key: str | None) -> Iterator[Problem]:
    wrong = refuse_pattern(pattern)
    if wrong is not None:
        where = locate(node) if key is None else locate_key(node, key)
        yield Problem(wrong, where, "write a simpler one")

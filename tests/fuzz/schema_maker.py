"""Schemas and patterns that would cost much without a limit: rules that ask each other twice."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

BETWEEN = b"\n=== \n"  # a schema and the config that it is for
_ATOMS = ("a", "1", "-", "\\w", "\\d", ".", "[a-z]", "[^-]")
_REPEATS = ("", "", "*", "+", "?", "*?", "{2}", "{2,}", "{1,9}", "{0,99}")
_TEXTS = ("", "a", "1", "a" * 127 + "!", "1" * 127 + "-", "ab1-" * 40)
_LEAVES = (
    True,
    False,
    {},
    {"type": "string"},
    {"const": 1},
    {"minimum": 2},
    {"uniqueItems": True},
)
_LISTS, _MAPS = ("allOf", "anyOf", "oneOf", "prefixItems"), ("properties", "dependentSchemas")
_ONES = ("items", "contains", "not", "if", "propertyNames", "additionalProperties",
         "unevaluatedProperties", "unevaluatedItems")  # fmt: skip
_KEYS = "ab"


def mutate_schema(data: bytes, rng: random.Random) -> bytes:
    """Add rules to a schema, and maybe choose another config for them."""
    schema, _, config = data.partition(BETWEEN)
    try:
        before = json.loads(schema)
    except (ValueError, RecursionError):
        before = {}
    rules = _make_rules(rng)
    if isinstance(before, dict) and rng.random() < 0.5:
        rules = {**before, **rules, "$defs": {**_as_map(before.get("$defs")), **rules["$defs"]}}
    if rng.random() < 0.8:
        config = _write(_make_config(rng))
    return _write(rules) + BETWEEN + config


def make_pattern(rng: random.Random, depth: int = 2) -> str:
    """Make a pattern of repetitions, in groups that are repeated as well."""
    pieces = []
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        atom = rng.choice(_ATOMS)
        if depth and rng.random() < 0.3:
            ways = [make_pattern(rng, depth - 1) for _ in range(rng.choice((1, 1, 2)))]
            atom = f"(?:{'|'.join(ways)})"
        pieces.append(atom + rng.choice(_REPEATS))
    return "".join(pieces)


def _make_rules(rng: random.Random) -> dict[str, dict[str, object]]:
    """Make a chain of definitions: each asks the next one, and the last perhaps the first."""
    length, times = rng.choice((0, 0, 0, 1, 2, 4, 30)), rng.choice((1, 2, 2, 3))
    keyword = rng.choice((*_LISTS, *_MAPS, *_ONES)) if rng.random() < 0.7 else ""
    rules: dict[str, object] = {}
    for number in range(length):
        below = [{"$ref": f"#/$defs/d{number + 1}"}] * times
        rules[f"d{number}"] = _combine(keyword or rng.choice((*_LISTS, *_MAPS, *_ONES)), below)
    last = {"$ref": "#/$defs/d0"} if rng.random() < 0.1 else _make_leaf(rng)
    first = {"$ref": "#/$defs/d0"}
    other = _combine(rng.choice((*_LISTS, *_MAPS, *_ONES)), [first])
    place = {"properties": {"a": rng.choice((first, other, {"items": first}))}}
    begin = rng.choice((first, other, place, place))
    return {**begin, "$defs": {**rules, f"d{length}": last}}


def _make_leaf(rng: random.Random) -> object:
    pattern = make_pattern(rng)
    many = [rng.choice(_LEAVES)] * rng.choice((1, 4, 30, 1000))
    return rng.choice((
        rng.choice(_LEAVES), {"pattern": pattern}, {"patternProperties": {pattern: False}},
        {rng.choice(_LISTS): many}, {"enum": list(range(len(many)))},
    ))  # fmt: skip


def _combine(keyword: str, below: Sequence[object]) -> dict[str, object]:
    if keyword in _LISTS:
        return {keyword: list(below)}
    if keyword in _MAPS:
        return {keyword: dict(zip(_KEYS, [*below, *below], strict=False))}
    return {keyword: below[0]}


def _make_config(rng: random.Random) -> object:
    item = rng.choice((1, [], {}, {"a": 1, "b": 1}, *_TEXTS))
    items = [item] * rng.choice((1, 4, 60, 1000) if len(str(item)) < 20 else (1, 60))
    return {key: rng.choice((item, items, {"a": items, "b": item})) for key in _KEYS}


def _as_map(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _write(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()

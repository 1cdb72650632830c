"""An agent's `config` against its own `configSchema`, errors shown where a layer wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from agentgit.compile.parse import parse_file
from agentgit.compile.patterns import MAX_TEXT, measure_match
from agentgit.compile.references import References
from agentgit.compile.revision import digest_json, write_json
from agentgit.compile.schema_rules import Target, find_violations, follow, put_costly_last
from agentgit.compile.tree import (
    MapNode,
    Node,
    Scalar,
    find,
    locate,
    locate_key,
    to_plain,
)
from agentgit.compile.words import did_you_mean, list_names, show
from agentgit.errors import Problem
from agentgit.model.value import Json, Path, dotted

MAX_ERRORS = 20  # of one instance
MAX_REFERENCES = 10_000  # followed for one instance
MAX_MATCHING = 2**22  # what all matches of one instance may cost, see `patterns`
MAX_UNIQUE = 1000  # items of a list of which no two may be equal
MAX_STEPS = 2**18  # rules of one instance, each counted as often as it compares
Rules = Mapping[str, Callable[..., Any]]
_CONFIG = ("config",)
_TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "object": "a map",
    "boolean": "true or false", "array": "a list", "null": "null",
}  # fmt: skip
_BOUNDS = {
    "minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than", "multipleOf": "a multiple of",
}  # fmt: skip
_SIZES = {
    "minLength": ("at least", "character"), "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"), "maxItems": ("at most", "item"),
    "minProperties": ("at least", "key"), "maxProperties": ("at most", "key"),
}  # fmt: skip


class _Schema(NamedTuple):
    """A schema that may be used: its tree, its digest and what checks a value against it."""

    root: MapNode
    digest: str
    validator: Any
    matches_keys: bool


class _TooMuchError(Exception):
    """A cap is reached; the message says which."""


class ConfigSchemas:
    """The schemas of a compile: each is read and made ready once, however many instances."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._files: dict[str, MapNode | None] = {}
        self._ready: dict[str, _Schema] = {}
        self._wrong: dict[int, MapNode] = {}
        self._good: set[tuple[str, str]] = set()

    def check(
        self, tree: MapNode, value: dict[str, Json], layers: Sequence[MapNode]
    ) -> str | None:
        """Check the config of a merged spec; None after reporting what is wrong.

        Gives the digest of the schema, nothing where there is none. In `value`, the spec's JSON
        value, the file gets its path in the repository. `layers` are the specs to which a missing
        key may belong, best first.
        """
        block = tree.items.get("configSchema")
        if not isinstance(block, MapNode):
            return ""
        root = self._find_root(block, value)
        schema = None if root is None else self._prepare(root)
        if schema is None:
            return None
        config = tree.items.get("config") or MapNode(tree.file, tree.at)
        known = (schema.digest, digest_json(to_plain(config)))
        if known in self._good:
            return schema.digest
        found = list(_find_problems(schema, config, layers))
        for problem in found:
            self._references.workspace.report(problem)
        if found:
            return None
        self._good.add(known)
        return schema.digest

    def _find_root(self, block: MapNode, value: dict[str, Json]) -> MapNode | None:
        """Find the schema that is meant, in its file or inline."""
        inline, named = block.items.get("schema"), block.items.get("file")
        if isinstance(inline, MapNode):
            return inline
        text = self._references.text(named) if isinstance(named, Scalar) else None
        if text is None:
            if named is None:
                self._report("configSchema needs a file or a schema", block, "write one of them")
            return None
        value["configSchema"] = {"file": text.path}
        if text.path not in self._files:
            self._files[text.path] = self._parse(text.path, text.text)
        return self._files[text.path]

    def _parse(self, path: str, text: str) -> MapNode | None:
        """Read JSON or YAML; of JSON, YAML has all but tabs."""
        if path.endswith(".json"):
            text = re.sub(r"(?m)^\t+", lambda tabs: " " * len(tabs.group()), text)
        parsed = parse_file(path, text.encode())
        for problem in parsed.problems:
            self._references.workspace.report(problem)
        if parsed.problems:
            return None
        if len(parsed.documents) == 1 and isinstance(parsed.documents[0], MapNode):
            return parsed.documents[0]
        where = parsed.documents[-1] if parsed.documents else MapNode(parsed.file, 0)
        self._report("a configSchema is one map", where, "write {type: object, properties: ...}")
        return None

    def _prepare(self, root: MapNode) -> _Schema | None:
        digest = digest_json(to_plain(root))
        if digest in self._ready:
            return self._ready[digest]._replace(root=root)
        if id(root) in self._wrong:
            return None
        wrong = list(islice(_find_mistakes(root), MAX_ERRORS))
        for problem in wrong:
            self._references.workspace.report(problem)
        if wrong:
            self._wrong[id(root)] = root  # kept, so that its id stays its own
            return None
        text = write_json(to_plain(root))
        validator = _make_validator(to_plain(root))
        self._ready[digest] = _Schema(root, digest, validator, '"patternProperties":' in text)
        return self._ready[digest]

    def _report(self, message: str, node: Node, hint: str) -> None:
        self._references.workspace.report(Problem(message, locate(node), hint))


def _find_mistakes(root: MapNode) -> Iterator[Problem]:
    """Check a schema itself, against the rules of JSON Schema and against ours."""
    from jsonschema import Draft202012Validator

    rules = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    try:
        for error in rules.iter_errors(to_plain(root)):
            path = _path(error.absolute_path)
            name = dotted(path) or "the schema"
            message = f"{name} is not JSON Schema: {_clip(error.message)}"
            yield Problem(message, locate(_nearest(root, path)))
    except RecursionError:
        yield Problem("the schema is nested too deeply", locate(root))
    yield from find_violations(root)


def _make_validator(schema: Json) -> Any:
    """Make what checks values: it reads nothing else, and every costly rule has a bound.

    Where a schema says `$schema`, the library would take its own class, without the bounds.
    """
    plain = put_costly_last({key: value for key, value in schema.items() if key != "$schema"})
    return _validator_class()(plain, _resolver=Target(plain, plain))


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    rules: Rules = Draft202012Validator.VALIDATORS

    def refer(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _spend(validator, 0, 1)
        return rules["$ref"](validator, value, instance, schema)

    own = {**rules, "$ref": refer, **_pattern_rules(rules), **_other_rules(rules)}
    counted = {name: _count_steps(name, rule) for name, rule in own.items()}
    made: Any = extend(Draft202012Validator, counted)  # type: ignore[no-untyped-call]
    made.budget = [0, 0, 0]
    made.sizes = {}
    return made


def _count_steps(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """Bound what all rules together cost: lists of alternatives, and values that are compared."""

    def count(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        size = validator.sizes.get(id(instance), 0)
        items = len(instance) if isinstance(instance, list | dict) else 0
        steps = 1 + (len(value) if isinstance(value, list | dict) else 0)
        if name == "enum":
            steps *= 1 + size
        elif name in {"uniqueItems", "unevaluatedItems", "unevaluatedProperties"}:
            steps += items * items // 64
        _spend(validator, 2, steps + size)
        return rule(validator, value, instance, schema)

    return count


def _spend(validator: Any, which: int, cost: int) -> None:
    """Take from what one instance may cost: references to follow, matches to try, or steps."""
    validator.budget[which] -= cost
    if validator.budget[which] < 0:
        limits = (
            f"more than {MAX_REFERENCES} references are followed",
            "its patterns cost too much",
            "its schema asks for too many comparisons",
        )
        raise _TooMuchError(limits[which])


def _pattern_rules(rules: Rules) -> Rules:
    """Bound what is matched against a pattern."""
    from jsonschema import ValidationError

    def match(validator: Any, pattern: Any, instance: Any, schema: Any) -> Any:
        if not isinstance(instance, str):
            return  # a pattern is about text only
        if len(instance) > MAX_TEXT:
            yield ValidationError(f"has more than {MAX_TEXT} characters, too many for a pattern")
        else:
            _spend(validator, 1, measure_match(pattern, len(instance)))
            yield from rules["pattern"](validator, pattern, instance, schema) or ()

    def match_keys(validator: Any, patterns: Any, instance: Any, schema: Any) -> Any:
        if isinstance(instance, dict):
            longest = max(map(len, instance), default=0)
            costs = [measure_match(pattern, longest) for pattern in patterns]
            _spend(validator, 1, len(instance) * sum(costs))
        yield from rules["patternProperties"](validator, patterns, instance, schema) or ()

    return {"pattern": match, "patternProperties": match_keys}


def _other_rules(rules: Rules) -> Rules:
    """Bound the comparison of items, and name the key that may not be there."""
    from jsonschema import ValidationError

    def differ(validator: Any, unique: Any, instance: Any, schema: Any) -> Any:
        if unique and isinstance(instance, list) and len(instance) > MAX_UNIQUE:
            yield ValidationError(f"has more than {MAX_UNIQUE} items, too many to compare")
        else:
            yield from rules["uniqueItems"](validator, unique, instance, schema) or ()

    def forbid(validator: Any, keys: Any, instance: Any, schema: Any) -> Any:
        rest = {key: value for key, value in keys.items() if value is not False}
        for key in sorted(keys.keys() - rest.keys()) if isinstance(instance, dict) else ():
            if key in instance:  # the library itself would not say which
                yield ValidationError("is not allowed", path=(key,))
        yield from rules["properties"](validator, rest, instance, schema) or ()

    return {"uniqueItems": differ, "properties": forbid}


def _find_problems(schema: _Schema, config: Node, layers: Sequence[MapNode]) -> Iterator[Problem]:
    rules = _validator_class()
    rules.budget[:] = [MAX_REFERENCES, MAX_MATCHING, MAX_STEPS]
    rules.sizes.clear()
    _measure(to_plain(config), rules.sizes)
    try:
        if schema.matches_keys:
            _refuse_long_keys(to_plain(config))
        errors = list(islice(schema.validator.iter_errors(to_plain(config)), MAX_ERRORS))
    except RecursionError:
        yield _give_up("its schema refers to itself without end", config, schema)
        return
    except (ArithmeticError, _TooMuchError) as error:
        yield _give_up(str(error), config, schema)
        return
    for one in errors:
        yield from _describe(one, schema, config, layers)


def _measure(value: Json, sizes: dict[int, int]) -> int:
    """Note about how much there is in every list and map, in what one step can compare."""
    size = len(value) // 32 if isinstance(value, str) else 1
    if isinstance(value, dict | list):
        below = value.values() if isinstance(value, dict) else value
        size += sum([_measure(one, sizes) for one in below])
        sizes[id(value)] = size // 4
    return size


def _refuse_long_keys(value: Json) -> None:
    """Keys are matched by several rules, so their length is checked before all of them."""
    if isinstance(value, dict) and any(len(key) > MAX_TEXT for key in value):
        message = f"a key has more than {MAX_TEXT} characters, too many for a pattern"
        raise _TooMuchError(message)
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in below:
        _refuse_long_keys(one)


def _give_up(why: str, config: Node, schema: _Schema) -> Problem:
    also = (("the schema", locate(schema.root)),)
    return Problem(f"config cannot be checked: {_clip(why)}", locate(config), None, also)


def _describe(
    error: Any, schema: _Schema, config: Node, layers: Sequence[MapNode]
) -> Iterator[Problem]:
    path = _path(error.absolute_path)
    node, full = _nearest(config, path), (*_CONFIG, *path)
    rule = follow(schema.root, _path(error.absolute_schema_path))
    also = (("the schema", locate_key(rule, str(error.validator))),)
    if error.validator == "required":
        key = next((one for one in error.validator_value if f"{one!r} is" in error.message), "")
        yield _describe_missing((*full, key), node, layers, also)
    elif error.validator == "additionalProperties" and error.validator_value is False:
        for key in _extra_keys(error):
            value = node.items[key] if isinstance(node, MapNode) else node
            known = error.schema.get("properties", {})
            hint = did_you_mean(key, known) or f"known are {list_names(known)}"
            message = f"unknown key {key} in {dotted(full)}"
            yield Problem(message, locate_key(value, key), hint, also)
    else:
        yield Problem(_say(error, dotted(full), node), locate(node), None, also)


def _describe_missing(
    path: Path, node: Node, layers: Sequence[MapNode], also: tuple[tuple[str, Any], ...]
) -> Problem:
    """Show a missing key where its surroundings are written, or where a layer removed it."""
    said = [found for layer in layers if (found := find(layer, path)) is not None]
    removal = next((one for one in said if isinstance(one, Scalar) and one.value is None), None)
    if removal is not None:
        message = f"{dotted(path)} is removed here, and the agent's configSchema needs it"
        return Problem(message, locate(removal), "write a value", also)
    around = (found for layer in layers if (found := find(layer, path[:-1])) is not None)
    where = next(around, None) or (layers[0] if layers else node)
    hint = f"write {path[-1]} in {dotted(path[:-1])}"
    return Problem(f"{dotted(path)} is missing", locate(where), hint, also)


def _extra_keys(error: Any) -> list[str]:
    schema = error.schema
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [
        key
        for key in error.instance
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    ]


def _say(error: Any, name: str, node: Node) -> str:  # noqa: PLR0911 -- one sentence for each rule
    rule, value = str(error.validator), error.validator_value
    if rule == "properties" or error.validator is None:
        return f"{name} is not allowed by its schema"
    if rule == "type":
        kinds = [value] if isinstance(value, str) else value
        return f"{name} must be {' or '.join(_TYPES[kind] for kind in kinds)}, found {show(node)}"
    if rule == "enum":
        return f"{name} must be one of {_clip(', '.join(map(_plain, value)))}, found {show(node)}"
    if rule == "const":
        return f"{name} must be {_clip(_plain(value))}, found {show(node)}"
    if rule in _BOUNDS:
        return f"{name} must be {_BOUNDS[rule]} {value}, found {show(node)}"
    if rule in _SIZES:
        bound, noun = _SIZES[rule]
        return f"{name} must have {bound} {value} {noun}{'' if value == 1 else 's'}"
    if rule == "pattern" and "too many" not in error.message:
        return f"{name} must be text that matches {_clip(value)}, found {show(node)}"
    if rule in {"anyOf", "oneOf"}:
        few = "none" if error.context else "more than one"
        return f"{name} fits {few} of the alternatives of its schema, found {show(node)}"
    text = error.message if rule in {"pattern", "uniqueItems"} else f"{rule}: {error.message}"
    return f"{name} {_clip(text)}"


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else str(value).replace("True", "true")


def _clip(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}..."


def _path(keys: Any) -> Path:
    return tuple(str(key) for key in keys)


def _nearest(root: Node, path: Path) -> Node:
    nodes = (find(root, path[:count]) for count in range(len(path), -1, -1))
    return next((node for node in nodes if node is not None), root)

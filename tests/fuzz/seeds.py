"""Where the fuzzer begins: the example and every case of the format, as each target reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from agentgit.compile.schema_rules import DIALECT
from agentgit.compile.shape import Either, Fields, Keyed, Plain, Shape, spec_shape
from agentgit.model.spec import SPECS
from tests.cases.run_format import FOLDER, read_format_cases
from tests.fuzz.projects import join_text

EXAMPLE = Path(__file__).parents[2] / "example-repo"
_SIGNS = (
    "!replace ", "!append ", "!prepend ", "!remove ", "!final ", "null", "true", "~", "{}", "[]",
    "${vars.", "${instance.name}", "${environment.name}", "$${", "}", ": ", "- ", "? ", "--- ",
    "|-\n", ">\n", "&a ", "*a", "<<: ", "%YAML 1.2\n", "!!str ", "../", "\t", "\r\n", "\x85",
    "\\x00", "\\ud800", "9223372036854775808", "1e999", "kind: InstanceSet", "InstanceSet",
    "=== ", "=== 120000 ", ".yaml\n", "environments/", "instances/", "global/agents/",
)  # fmt: skip
_SCHEMA = (
    "$ref", "$defs", "$id", "$schema", "$comment", "type", "properties", "patternProperties",
    "additionalProperties", "propertyNames", "required", "enum", "const", "items", "prefixItems",
    "contains", "minContains", "maxContains", "uniqueItems", "minItems", "maxItems", "pattern",
    "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "multipleOf", "allOf",
    "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependentRequired",
    "unevaluatedProperties", "unevaluatedItems", "format", "#/$defs/", DIALECT,
)  # fmt: skip
_PATTERNS = (
    "(?:", "(", ")", "|", "*", "+", "?", "{1,9}", "{2}", "[^", "[", "]", "\\d", "\\w", "\\s",
    "\\b", "^", "$", ".*", "\\x41", "*?", "++",
)  # fmt: skip


def list_seeds(target: str) -> Iterator[bytes]:
    """Give the first inputs of a target."""
    if target == "patterns":
        yield from (b"^[a-z]+$\nabc", b"(?:a|b)*c\nababab", b"\\d{1,3}(?:,\\d{3})*\n1,000")
        return
    if target == "schemas":
        yield from _schemas()
        return
    projects = [_example(), *_cases()]
    for project in projects:
        if target == "projects":
            yield join_text(project)
        else:
            yield from (text for path, text in project.items() if path.endswith(".yaml"))


def list_words(target: str) -> tuple[str, ...]:
    """Give the words of a target's language."""
    if target == "patterns":
        return _PATTERNS
    if target == "schemas":
        return (*_SCHEMA, *_SIGNS)
    words = {"apiVersion", "kind", "metadata", "name", "labels", "annotations", "spec", *SPECS}
    for kind in SPECS:
        _gather(spec_shape(kind), words)
    return (*sorted(words), *_SIGNS)


def _gather(shape: Shape | None, words: set[str]) -> None:
    if isinstance(shape, Either):
        shape = shape.fields
    if isinstance(shape, Fields):
        words.update(shape.fields)
        for below in shape.fields.values():
            _gather(below, words)
    elif isinstance(shape, Keyed | Plain):
        _gather(shape.item, words)


def _example() -> dict[str, bytes]:
    return {
        str(path.relative_to(EXAMPLE)): path.read_bytes()
        for path in sorted(EXAMPLE.rglob("*"))
        if path.is_file() and path.suffix in {".yaml", ".md", ".json", ".py"}
    }


def _cases() -> Iterator[dict[str, bytes]]:
    for file in sorted(FOLDER.glob("*.md")):
        for case in read_format_cases(file):
            yield {path: text.encode() for path, text in case.files.items()}


def _schemas() -> Iterator[bytes]:
    """A schema and a config that it is for; each rule at least once."""
    pairs: tuple[tuple[object, object], ...] = (
        ({"type": "object", "required": ["a"], "additionalProperties": False,
          "properties": {"a": {"type": ["string", "null"], "pattern": "^[a-z]+$"}}}, {"a": "b"}),
        ({"$schema": DIALECT, "properties": {"a": {"$ref": "#/$defs/x"}},
          "$defs": {"x": {"enum": [1, "b", True]}}}, {"a": 1}),
        ({"patternProperties": {"^x": {"minimum": 1, "multipleOf": 0.5}},
          "propertyNames": {"maxLength": 3}, "minProperties": 1}, {"x": 2}),
        ({"properties": {"a": {"type": "array", "prefixItems": [{"const": 1}], "items": True,
          "contains": {"type": "integer"}, "uniqueItems": True, "maxItems": 4}}}, {"a": [1, 2]}),
        ({"allOf": [{"if": {"required": ["a"]}, "then": {"minProperties": 1}, "else": False}],
          "anyOf": [{}, {"not": {}}], "oneOf": [{"type": "object"}, False]}, {"a": {}}),
        ({"dependentSchemas": {"a": {"required": ["b"]}}, "dependentRequired": {"a": ["b"]},
          "unevaluatedProperties": {"type": "number"}}, {"a": 1, "b": 2}),
        ({"unevaluatedProperties": False, "$ref": "#/$defs/x",
          "$defs": {"x": {"properties": {"a": {"unevaluatedItems": False}}}}}, {"a": []}),
    )  # fmt: skip
    for schema, config in pairs:
        yield f"{json.dumps(schema)}\n=== \n{json.dumps(config)}\n".encode()

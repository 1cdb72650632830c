"""`configSchema`: bounded on hostile schemas, and no part of the revision."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.config_schema import MAX_MATCHING
from agentgit.compile.patterns import MAX_TEXT, measure_match, refuse_pattern
from agentgit.errors import ConfigError

AGENT = "global/agents/support.yaml"
SCHEMA = "global/schemas/support.json"


def with_schema(basic: Any, schema: Any, config: str = "config: {language: en}") -> dict[str, Any]:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    agent = str(basic[AGENT]).replace(
        "  config: {language: en, escalation: {after_turns: 6}}\n", ""
    )
    agent += f"  {config}\n  configSchema: {{file: ../schemas/support.json}}\n"
    return {**basic, AGENT: agent, SCHEMA: text}


def messages(snapshot: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate_project(snapshot)
    return [problem.message for problem in caught.value.problems]


def test_the_schema_is_no_part_of_the_revision(basic: Any, make_snapshot: Any) -> None:
    fits = {"type": "object", "required": ["language"]}
    one, two = (
        compile_environment(make_snapshot(with_schema(basic, schema)), "production").instances
        for schema in (fits, {**fits, "maxProperties": 9})
    )
    assert [each.revision for each in one] == [each.revision for each in two]
    assert one[0].spec.config_schema is not None
    assert one[0].spec.config_schema.file == SCHEMA


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}])
def test_endless_references_end(basic: Any, make_snapshot: Any, schema: Any) -> None:
    (message,) = messages(make_snapshot(with_schema(basic, schema)))
    assert message.startswith("config cannot be checked")


def test_endless_references_end_wherever_the_stack_does(basic: Any, make_snapshot: Any) -> None:
    """In one depth of six the library's own look-up ended the process."""
    steps = {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/c"}},
             "c": {"$ref": "#/$defs/a"}}  # fmt: skip
    snapshot = make_snapshot(with_schema(basic, {"if": {"$ref": "#/$defs/a"}, "$defs": steps}))

    def dig(depth: int) -> list[str]:
        return dig(depth - 1) if depth else messages(snapshot)

    for depth in range(24):
        (message,) = dig(depth)
        assert message == "config cannot be checked: its schema refers to itself without end"


@pytest.mark.parametrize("name", ["a/b~c", "", "é", "a%b"])
def test_a_reference_may_name_any_key(basic: Any, make_snapshot: Any, name: str) -> None:
    path = quote(name.replace("~", "~0").replace("/", "~1"), safe="~")
    schema = {"$ref": f"#/allOf/0/$defs/{path}", "allOf": [{"$defs": {name: {"required": ["x"]}}}]}
    assert messages(make_snapshot(with_schema(basic, schema))) == ["config.x is missing"]


def test_references_that_multiply_end(basic: Any, make_snapshot: Any) -> None:
    steps = {
        f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}, {"$ref": f"#/$defs/s{n + 1}"}]}
        for n in range(30)
    }
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/$defs/s0",
              "$defs": {**steps, "s30": {}}}  # fmt: skip
    (message,) = messages(make_snapshot(with_schema(basic, schema)))
    assert message.startswith("config cannot be checked: more than 10000 references")


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|aa)+$", "(?:a*)*", "(a?){30}", "((a+))+", "(-[a-z-]+)*", "a*a*a*a*a*b",
     "(a|aa)" * 30, "a?" * 40 + "a" * 40, "(?=a)", r"(a)\1", "[", "a" * 300, "a{1,5000}",
     "(x+x+)+y", "(a{1,9}){30}"],
)  # fmt: skip
def test_costly_patterns_are_refused(pattern: str) -> None:
    assert refuse_pattern(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z0-9]+(-[a-z0-9]+)*$", r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$", "^(foo|bar|baz)$",
     r"^[^@\s]+@[^@\s]+\.[^@\s]+$", r"^https?://", "^[A-Z]{2}[0-9]{2,30}$", r"(\.[a-z]+)*"],
)  # fmt: skip
def test_usual_patterns_are_taken(pattern: str) -> None:
    assert refuse_pattern(pattern) is None


def test_a_pattern_is_about_text_only(basic: Any, make_snapshot: Any) -> None:
    schema = {"properties": {"a": {"pattern": "^[a-z]+$"}}}
    for value in ("7", "0.5", "[B]", "{B: 1}", "true"):
        validate_project(make_snapshot(with_schema(basic, schema, f"config: {{a: {value}}}")))


def test_a_long_text_is_not_matched(basic: Any, make_snapshot: Any) -> None:
    schema = {"properties": {"a": {"pattern": "a*a*a*b"}}}
    files = with_schema(basic, schema, f"config: {{a: {'a' * (MAX_TEXT + 1)}}}")
    before = time.monotonic()
    (message,) = messages(make_snapshot(files))
    assert "too many for a pattern" in message
    assert time.monotonic() - before < 5


def test_bounds_hold_where_a_schema_refers_to_its_root(basic: Any, make_snapshot: Any) -> None:
    """There the library looks at `$schema` again, and would take its own class."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"below": {"$ref": "#"}, "a": {"pattern": "^b"}},
    }
    files = with_schema(basic, schema, f"config: {{below: {{a: {'a' * 200}}}}}")
    (message,) = messages(make_snapshot(files))
    assert "too many for a pattern" in message


def test_two_matches_that_take_seconds_are_too_many() -> None:
    """What the fuzzer found: three seconds for one text of which every rest fits as well."""
    pattern = r".{2}[^-]+(?:a)\w+[^-]*[^-]\w{0,99}\d"
    assert refuse_pattern(pattern) is None
    assert measure_match(pattern, MAX_TEXT) <= MAX_MATCHING < 2 * measure_match(pattern, MAX_TEXT)


def test_a_long_key_is_not_matched(basic: Any, make_snapshot: Any) -> None:
    schema = {"additionalProperties": False, "patternProperties": {"a*a*a*a*b": {}}}
    files = with_schema(basic, schema, f"config: {{x: {{}}, {'a' * 1000}: 1}}")
    (message,) = messages(make_snapshot(files))
    assert message.startswith("config cannot be checked: a key has more than")


def test_many_costly_matches_end(basic: Any, make_snapshot: Any) -> None:
    schema = {"items": {"pattern": "a*a*a*a*b|a"}, "type": ["object", "array"]}
    config = f"config: {{l: [{', '.join(['a' * 90] * 500)}]}}"
    (message,) = messages(make_snapshot(with_schema(basic, {"properties": {"l": schema}}, config)))
    assert message == "config cannot be checked: its patterns cost too much"


def test_errors_of_one_instance_are_bounded(basic: Any, make_snapshot: Any) -> None:
    config = "config: {" + ", ".join(f"k{n}: x" for n in range(300)) + "}"
    schema = {"additionalProperties": {"type": "integer"}}
    assert len(messages(make_snapshot(with_schema(basic, schema, config)))) == 20


def test_nothing_is_fetched(basic: Any, make_snapshot: Any, monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    for target in ("http://127.0.0.1:1/a.json", "file:///etc/passwd", "other.json", "#name"):
        found = messages(make_snapshot(with_schema(basic, {"$ref": target})))
        assert len(found) == 1
        assert "$ref" in found[0]
    named = {"$id": "http://127.0.0.1:1/a.json", "$ref": "#/$defs/a", "$defs": {"a": {}}}
    assert validate_project(make_snapshot(with_schema(basic, named))) == ()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("[1]", "a configSchema is one map"),
        ("", "a configSchema is one map"),
        ('{"a": 1, "a": 2}', "a"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "JSON Schema 2020-12"),
        ({"properties": {"a": {"$schema": "x"}}}, "$schema belongs at the beginning"),
        ({"$dynamicRef": "#a"}, "$dynamicRef is not supported"),
        ({"required": "a"}, "required is not JSON Schema"),
        ("{" + '"not": {' * 200 + "}" * 201, "deep"),
    ],
)
def test_a_wrong_schema_says_so(basic: Any, make_snapshot: Any, schema: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_project(make_snapshot(with_schema(basic, schema)))
    assert any(said in problem.message for problem in caught.value.problems)
    assert {problem.location.path for problem in caught.value.problems if problem.location} == {
        SCHEMA
    }


def test_json_indented_with_tabs(basic: Any, make_snapshot: Any) -> None:
    schema = '{\n\t"type": "object",\n\t"required": [\n\t\t"language"\n\t]\n}\n'
    assert validate_project(make_snapshot(with_schema(basic, schema))) == ()


def test_an_error_in_a_shared_layer_is_one_error(basic: Any, make_snapshot: Any) -> None:
    files = with_schema(basic, {"properties": {"language": {"type": "integer"}}})
    for number in range(5):
        files[f"environments/production/instances/more-{number}.yaml"] = (
            f"kind: Instance\nmetadata: {{name: more-{number}}}\nspec: {{agent: support}}\n"
        )
    assert messages(make_snapshot(files)) == ['config.language must be a whole number, found "en"']


class Shelf:
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def write(self, name: str, data: bytes) -> None:
        self.kept[name] = data


def test_a_changed_schema_is_noticed_by_the_cache(basic: Any, make_snapshot: Any) -> None:
    cache = Shelf()
    good = make_snapshot(with_schema(basic, {"type": "object"}))
    assert validate_project(good, cache) == validate_project(good, cache) == ()
    assert cache.kept
    with pytest.raises(ConfigError):
        validate_project(make_snapshot(with_schema(basic, {"required": ["none"]})), cache)


def test_false_allows_nothing(basic: Any, make_snapshot: Any) -> None:
    schema = {"properties": {"language": False}}
    assert messages(make_snapshot(with_schema(basic, schema))) == [
        "config.language is not allowed by its schema"
    ]


KEYS = st.sampled_from(
    [
        "type", "properties", "items", "required", "enum", "const", "pattern", "anyOf", "oneOf",
        "allOf", "not", "if", "then", "else", "$ref", "$defs", "$id", "$schema", "a", "b",
        "patternProperties", "additionalProperties", "unevaluatedProperties", "minimum",
        "multipleOf", "maxLength", "uniqueItems", "contains", "prefixItems", "dependentSchemas",
        "dependentRequired", "propertyNames", "minItems", "maxProperties", "format",
    ]
)  # fmt: skip
TEXTS = st.sampled_from(["a", "string", "object", "#", "#/$defs/a", "^a+$", "(a+)+", "x" * 300])
NUMBERS = st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False, width=16)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    schema=st.dictionaries(KEYS, VALUES, max_size=4),
    config=st.dictionaries(KEYS | st.just("x" * 200), VALUES, max_size=3),
)
def test_any_schema_gives_a_result_or_a_clean_error(
    basic: Any, make_snapshot: Any, schema: Any, config: Any
) -> None:
    snapshot = make_snapshot(with_schema(basic, schema, f"config: {json.dumps(config)}"))
    problems = ()
    try:
        validate_project(snapshot)
    except ConfigError as error:
        problems = error.problems
    assert all(problem.location for problem in problems)

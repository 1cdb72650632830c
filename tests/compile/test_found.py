"""What the fuzzer found: each of these once ended in a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.compile.build import validate_project
from agentgit.compile.explain import explain_instance
from agentgit.compile.parse import parse_file
from agentgit.compile.patterns import refuse_pattern
from agentgit.compile.tree import to_plain
from agentgit.errors import ConfigError, Location, Problem
from agentgit.model.snapshot import Snapshot
from agentgit.report.json_v1 import dump, problems_document

MakeSnapshot = Callable[..., Snapshot]
DEFAULTS = "environments/production/defaults.yaml"
INSTANCE = "environments/production/instances/support-eu.yaml"
SET = "environments/production/instances/many.yaml"
NINES = "9" * 400
DIGITS = "9" * 5000


def document(kind: str, name: str, spec: str) -> str:
    return f"kind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n"


def messages(snapshot: Snapshot) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate_project(snapshot)
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"stop_grace_period: {NINES}h", "stop_grace_period must be a duration"),
        (f"deploy: {{resources: {{limits: {{memory: {NINES}g}}}}}}", "memory must be a size"),
        (f'deploy: {{resources: {{limits: {{cpus: "{NINES}"}}}}}}', "cpus must be a number"),
    ],
)
def test_numbers_that_are_infinite(
    make_snapshot: MakeSnapshot, written: str, expected: str
) -> None:
    defaults = document("AgentDefaults", "defaults", f"container: {{{written}}}")
    (message,) = messages(make_snapshot({DEFAULTS: defaults}))
    assert message.startswith(expected)


def test_a_port_of_many_digits(make_snapshot: MakeSnapshot) -> None:
    hosts = f'hosts: {{a: {{endpoint: "tcp://a:{DIGITS}"}}}}'
    environment = document("Environment", "production", hosts)
    (message,) = messages(make_snapshot({"environments/production/environment.yaml": environment}))
    assert "endpoint must be unix:///PATH" in message


def test_a_key_of_many_digits_is_no_index(make_snapshot: MakeSnapshot) -> None:
    defaults = document("AgentDefaults", "defaults", f'config: {{a: {{? "{DIGITS}" : !final 1}}}}')
    instance = document("Instance", "support-eu", "{agent: support, config: {a: !replace [1]}}")
    (message,) = messages(make_snapshot({DEFAULTS: defaults, INSTANCE: instance}))
    assert message.startswith(f"config.a.{DIGITS} cannot be changed here")


def test_entries_of_a_set_without_keys(make_snapshot: MakeSnapshot) -> None:
    spec = "{agent: support, name: a, list: [{}, {}]}"
    found = messages(make_snapshot({SET: document("InstanceSet", "many", spec)}))
    assert found == ["an entry of a list needs a key"] * 2


@pytest.mark.parametrize("reference", ["#/", "#/$defs/a%62", "#/$defs/ab/"])
def test_references_that_a_validator_reads_otherwise(
    make_snapshot: MakeSnapshot, reference: str
) -> None:
    schema = f'{{properties: {{a: {{$ref: "{reference}"}}}}, $defs: {{"a%62": {{}}, ab: {{}}}}}}'
    defaults = document("AgentDefaults", "defaults", f"configSchema: {{schema: {schema}}}")
    snapshot = make_snapshot({DEFAULTS: defaults})
    if reference == "#/$defs/a%62":
        validate_project(snapshot)  # it is ab, escaped
    else:
        assert messages(snapshot) == [f"$ref: there is no schema {reference} in this one"]


def test_a_reference_to_a_key_with_a_percent_sign(make_snapshot: MakeSnapshot) -> None:
    schema = '{properties: {language: {$ref: "#/$defs/a%2562"}}, $defs: {"a%62": {const: x}}}'
    defaults = document("AgentDefaults", "defaults", f"configSchema: {{schema: {schema}}}")
    (message,) = messages(make_snapshot({DEFAULTS: defaults}))
    assert message == 'config.language must be x, found "en"'


@pytest.mark.parametrize("pattern", ["[[a]", "[a--b]", "[a||b]", "[a&&b]"])
def test_patterns_that_python_warns_of(pattern: str) -> None:
    found = refuse_pattern(pattern)
    assert found is not None
    assert "Possible" in found


@pytest.mark.parametrize("text", ["a: {b: ", "a: [b", "a: 'b", "a: b\nc: {", "? a: |-\n    b"])
def test_a_syntax_error_at_the_end_is_shown_in_the_file(text: str) -> None:
    place = parse_file("x.yaml", text.encode()).problems[-1].location
    assert place is not None
    assert place.excerpt == text.split("\n")[place.line - 1]
    assert place.column <= len(place.excerpt) + 1


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_a_line_that_ends_for_some_readers_only(character: str) -> None:
    """The C parser took this for two keys, and the one in Python for something else."""
    (problem,) = parse_file("x.yaml", f"a: 1{character}b: 2\n".encode()).problems
    assert problem.message == f"the character U+{ord(character):04X} is not allowed"
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (1, 5)
    (root,) = parse_file("x.yaml", f'a: "\\u{ord(character):04x}"\n'.encode()).documents
    assert to_plain(root) == {"a": character}


def test_a_path_that_is_no_utf_8_can_be_printed_as_json() -> None:
    problem = Problem("this file is not read", Location("global/\udcff.yaml"))
    assert b"\\udcff.yaml" in dump(problems_document((problem,), ())).encode()


def test_an_environment_whose_name_is_no_utf_8(make_snapshot: MakeSnapshot) -> None:
    written: list[str] = []

    class Nothing:
        def read(self, name: str) -> None:
            return None

        def write(self, name: str, value: bytes) -> None:
            written.append(name)

    path = "environments/\udcff/instances/a.yaml"
    snapshot = make_snapshot({path: document("Instance", "a", "{agent: support}")})
    with pytest.raises(ConfigError):
        validate_project(snapshot, Nothing())
    assert written


def test_explaining_what_is_broken_is_an_error_too(make_snapshot: MakeSnapshot) -> None:
    instance = document("Instance", "support-eu", "{agent: support, config: {a: ${b}}}")
    with pytest.raises(ConfigError):
        explain_instance(make_snapshot({INSTANCE: instance}), "production", "support-eu")

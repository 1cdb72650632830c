"""The example is the reference: it compiles, it is complete, and its comments are true."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.parse import parse_file
from agentgit.compile.tree import to_plain
from agentgit.errors import ConfigError
from agentgit.model.desired import Desired
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.model.spec import SPECS, Metadata

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example-repo"
FILES = {
    str(path.relative_to(EXAMPLE)): path.read_bytes()
    for path in sorted(EXAMPLE.rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts
}
YAML = sorted(path for path in FILES if path.endswith(".yaml"))
OPTION = re.compile(r"(?P<indent> *)# (?P<key>[a-z][A-Za-z0-9_-]*):(?: .*)?\Z")


def snapshot(changes: Mapping[str, bytes] | None = None) -> Snapshot:
    files = FILES | dict(changes or {})
    return Snapshot(None, {path: Entry("100644", path) for path in files}, files.__getitem__)


def compile_all(changes: Mapping[str, bytes] | None = None) -> dict[str, Desired]:
    found = snapshot(changes)
    return {
        name: compile_environment(found, name) for name in ("staging", "production", "tenants")
    }


def test_it_is_valid_without_warnings() -> None:
    assert validate_project(snapshot()) == ()


def test_it_is_a_believable_fleet() -> None:
    fleet = compile_all()
    names = {name: [one.name for one in desired.instances] for name, desired in fleet.items()}
    assert names == {
        "staging": ["research", "support", "triage"],
        "production": ["research", "support-eu", "support-us", "triage"],
        "tenants": [
            "support-globex-eu",
            "support-globex-us",
            "support-initech-eu",
            "support-initech-us",
        ],
    }
    assert {one.agent for one in fleet["production"].instances} == {
        "support",
        "research",
        "triage",
    }
    assert all(one.spec.scale.replicas == 2 for one in fleet["production"].instances)
    assert all(one.source_digest for desired in fleet.values() for one in desired.instances)


def test_every_layer_says_something() -> None:
    fleet = compile_all()
    without = {path: data for path, data in FILES.items() if path.endswith(".yaml")}
    for path in without:
        if not path.startswith("environments/") or path.endswith("environment.yaml"):
            continue
        if "/instances/" in path and b"{agent:" in FILES[path]:
            continue  # an instance may say nothing but that it exists
        if b"kind: InstanceSet" in FILES[path]:
            continue  # a set has nothing to inherit what it would leave out from
        emptied = re.sub(rb"(?s)\nspec:.*", b"\nspec: {}\n", FILES[path])
        if "/instances/" in path:
            agent = re.search(rb"agent: \w+", FILES[path])
            assert agent is not None
            emptied = emptied.replace(b"spec: {}", b"spec: {" + agent[0] + b"}")
        assert compile_all({path: emptied}) != fleet, f"{path} changes nothing"


def list_fields(model: type[BaseModel]) -> Iterator[str]:
    """The fields of a model and of all models inside it, as users write them."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        yield from (inner for one in find_models(field.annotation) for inner in list_fields(one))


def find_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from find_models(argument)


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_every_field_appears(kind: str) -> None:
    text = "\n".join(FILES[path].decode() for path in YAML)
    known = {"apiVersion", "kind", "metadata", "spec", *list_fields(Metadata)}
    missing = sorted(
        field
        for field in known | set(list_fields(SPECS[kind]))
        if not re.search(rf"(?<![A-Za-z_]){field}:", text)
    )
    assert missing == []


@pytest.mark.parametrize("path", YAML)
def test_modeline_names_the_schema_that_fits(path: str) -> None:
    first = FILES[path].decode().split("\n", 1)[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert named != first
    schema = json.loads((EXAMPLE / path).parent.joinpath(named).read_text())
    for document in parse_file(path, FILES[path]).documents:
        plain = to_plain(document)
        assert schema["properties"]["kind"]["const"] == plain["kind"]
        jsonschema.Draft202012Validator(schema).validate(plain)


def list_options() -> Iterator[tuple[str, int]]:
    """Every field that is only there as a comment: file and line, counted from 0."""
    for path in YAML:
        for number, line in enumerate(FILES[path].decode().split("\n")):
            if number and OPTION.match(line):
                yield path, number


@pytest.mark.parametrize(("path", "number"), list(list_options()))
def test_commented_field_works_when_it_is_taken_in(path: str, number: int) -> None:
    text = take_in(FILES[path].decode().split("\n"), number)
    try:
        compile_all({path: text.encode()})
    except ConfigError as error:
        pytest.fail(f"{error} in\n{text}")


def test_options_are_found() -> None:
    assert len(list(list_options())) > 10


def take_in(lines: list[str], number: int) -> str:
    """Uncomment a field with what is nested in it; the same field beside it goes."""
    match = OPTION.match(lines[number])
    assert match is not None
    indent = match["indent"]
    result = list(lines)
    for index in range(number, len(lines)):
        is_nested = lines[index].startswith(f"{indent}#   ")
        if index > number and not is_nested:
            break
        result[index] = lines[index].replace("# ", "", 1)
    twin = re.compile(rf"{indent}{match['key']}:")
    first, last = find_block(lines, number, len(indent))
    keep = [
        line
        for index, line in enumerate(result)
        if index == number or not (first < index < last and twin.match(line))
    ]
    return "\n".join(keep)


def find_block(lines: list[str], number: int, indent: int) -> tuple[int, int]:
    """The lines around a line that are indented less, and so end the map that it is in."""
    outside = [-1, len(lines)]
    for index, line in enumerate(lines):
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            outside.append(index)
    return max(one for one in outside if one < number), min(one for one in outside if one > number)

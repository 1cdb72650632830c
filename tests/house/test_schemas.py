"""The schemas in the repository are valid and made of today's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agentgit.cli.main import run
from agentgit.compile.schema import render_schemas, schemas
from agentgit.compile.shape import Either, Fields, Keyed, Plain, Shape, metadata_shape, spec_shape
from agentgit.model.field_texts import TEXTS
from agentgit.model.spec import SPECS
from agentgit.report.json_schema import output_schemas, render_output_schemas
from tests.documents import check_document, make_strict

FOLDER = Path(__file__).parents[2] / "schemas"
TEXTS_OF_FILES = {**render_schemas(), **render_output_schemas()}


def test_nothing_else_lies_there() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(FOLDER)) for path in files) == sorted(TEXTS_OF_FILES)


@pytest.mark.parametrize("name", sorted(TEXTS_OF_FILES))
def test_a_schema_is_fresh(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == TEXTS_OF_FILES[name], "run: agentgit schema --output"


def test_the_command_checks_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(("-C", str(FOLDER.parent), "schema", "--check", "--output")) == 0
    assert f"{len(TEXTS_OF_FILES)} schemas" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(TEXTS_OF_FILES))
def test_a_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def list_properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """List every property of a schema, with the path that leads to it."""
    if isinstance(schema, list):
        for one in schema:
            yield from list_properties(one, path)
    if not isinstance(schema, dict):
        return
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}", value
        yield from list_properties(value, f"{path}.{key}")
    for name, value in schema.get("$defs", {}).items():
        yield from list_properties(value, name)
    for key in ("anyOf", "items", "additionalProperties"):
        yield from list_properties(schema.get(key), f"{path}.*" if key != "anyOf" else path)


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_every_field_explains_itself(kind: str) -> None:
    for path, field in list_properties(schemas()[kind]):
        assert field.get("title"), path
        assert field.get("description"), path
        assert field.get("examples") or path == ".spec", path


@pytest.mark.parametrize("kind", sorted(schemas()))
def test_every_example_is_valid(kind: str) -> None:
    for path, field in list_properties(schemas()[kind]):
        for example in field.get("examples", ()):
            errors = [error.message for error in Draft202012Validator(field).iter_errors(example)]
            assert errors == [], path


def test_every_text_belongs_to_a_field() -> None:
    known = {
        f"{one.model.__name__}.{key}"
        for shape in (metadata_shape(), *(spec_shape(kind) for kind in SPECS))
        for one in list_models(shape)
        for key in one.fields
    }
    assert set(TEXTS) - known == set()


def test_texts_stand_in_one_place() -> None:
    for kind in SPECS:
        for one in list_models(spec_shape(kind)):
            said = [key for key, info in one.infos.items() if info.description or info.examples]
            assert said == [], one.model


def list_models(shape: Shape) -> Iterator[Fields]:
    below: list[Shape] = []
    if isinstance(shape, Fields):
        yield shape
        below = list(shape.fields.values())
    elif isinstance(shape, Keyed | Plain):
        below = [shape.item]
    elif isinstance(shape, Either):
        below = [shape.fields]
    for one in below:
        yield from list_models(one)


@pytest.mark.parametrize("name", sorted(output_schemas()))
def test_every_field_of_a_document_explains_itself(name: str) -> None:
    schema = output_schemas()[name]
    assert schema["title"] == f"agentgit/{name}"
    assert "ignore what you do not know" in schema["$comment"]
    for path, field in list_properties(schema):
        below = schema["$defs"].get(field.get("$ref", "").removeprefix("#/$defs/"), {})
        assert field.get("title"), path
        assert field.get("description") or below.get("description"), path
    for path, part in schema["$defs"].items():
        assert part["description"], path


def test_an_unknown_field_is_no_error_but_in_our_tests() -> None:
    document = {"format": "agentgit/problems@1", "valid": True, "errors": [], "warnings": []}
    schema = output_schemas()["problems@1"]
    check_document(document)
    for more in ({"new": 1}, {"errors": [{"message": "", "location": None, "hint": None,
                                          "also": [], "new": 1}]}):  # fmt: skip
        assert Draft202012Validator(schema).is_valid(document | more)
        assert not Draft202012Validator(make_strict(schema)).is_valid(document | more)
        with pytest.raises(AssertionError, match="new"):
            check_document(document | more)

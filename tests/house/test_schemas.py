"""The schemas in the repository are valid and made of today's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agentgit.compile.schema import render_schemas, schemas
from agentgit.compile.shape import Either, Fields, Keyed, Plain, Shape, metadata_shape, spec_shape
from agentgit.model.field_texts import TEXTS
from agentgit.model.spec import SPECS

FOLDER = Path(__file__).parents[2] / "schemas"


def test_nothing_else_lies_there() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(render_schemas())


@pytest.mark.parametrize("name", sorted(render_schemas()))
def test_a_schema_is_fresh(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == render_schemas()[name], "run: agentgit schema"


@pytest.mark.parametrize("name", sorted(render_schemas()))
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

"""The schemas in the repository are valid and made of today's models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from agentgit.compile.schema import render_schemas

FOLDER = Path(__file__).parents[2] / "schemas"


def test_nothing_else_lies_there() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(render_schemas())


@pytest.mark.parametrize("name", sorted(render_schemas()))
def test_a_schema_is_fresh(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == render_schemas()[name], "run: agentgit schema --write schemas"


@pytest.mark.parametrize("name", sorted(render_schemas()))
def test_a_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(json.loads((FOLDER / name).read_text(encoding="utf-8")))

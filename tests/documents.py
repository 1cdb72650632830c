"""Every JSON document that a test sees is held against its schema; here unknown fields are errors.

So nobody adds a field, leaves one out or gives one another type without its schema.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from agentgit.report.json_schema import output_schemas


def check_document(document: Any) -> None:
    """Check a document, or a list of them; those of formats without a schema are not looked at."""
    for one in document if isinstance(document, list) else [document]:
        name = one["format"].removeprefix("agentgit/")
        if name in _validators():
            errors = [
                f"{error.json_path}: {error.message}"
                for error in _validators()[name].iter_errors(one)
            ]
            assert not errors, f"{name}: {errors}"


def make_strict(schema: Any) -> Any:
    """Copy a schema so that no object may have a field that it does not name."""
    if isinstance(schema, list):
        return [make_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: make_strict(value) for key, value in schema.items()}
    return {**copy, "additionalProperties": False} if "properties" in schema else copy


@cache
def _validators() -> dict[str, Draft202012Validator]:
    return {
        name: Draft202012Validator(make_strict(schema))
        for name, schema in output_schemas().items()
    }

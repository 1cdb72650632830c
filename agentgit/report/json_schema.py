"""JSON Schemas of the public JSON documents, made of the types that their writers are held to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from agentgit.compile.schema import DIALECT, write_title
from agentgit.report.documents.diff import DiffDocument, LintDocument
from agentgit.report.documents.parts import ProblemsDocument
from agentgit.report.documents.plan import DriftDocument, PlanDocument
from agentgit.report.documents.rollout import HistoryShowDocument, RolloutDocument, WhyDocument
from agentgit.report.documents.status import HistoryDocument, StatusDocument

_DOCUMENTS: tuple[Any, ...] = (
    DiffDocument, DriftDocument, HistoryDocument, HistoryShowDocument, LintDocument, PlanDocument,
    ProblemsDocument, RolloutDocument, StatusDocument, WhyDocument,
)  # fmt: skip
_COMMENT = (
    "Fields may be added at any time, and words where a field lists words: ignore what you do not "
    "know. Nothing is renamed, removed or given another meaning without a new format."
)
_TEXTS = ConfigDict(
    use_attribute_docstrings=True, field_title_generator=lambda name, _: write_title(name)
)


def output_schemas() -> Mapping[str, dict[str, Any]]:
    """Give the schema of each document, by the name of its format: `plan@1`."""
    return {_name(document): _schema(document) for document in _DOCUMENTS}


def render_output_schemas() -> Mapping[str, str]:
    """Give the text of every schema by its file name."""
    return {
        f"output/{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in output_schemas().items()
    }


def _schema(document: Any) -> dict[str, Any]:
    # A list of them, for a setting that reaches everything below: a document has its own.
    made = TypeAdapter(list[document], config=_TEXTS).json_schema(mode="serialization")
    below = made["$defs"]
    schema = below.pop(document.__name__)
    for name, part in below.items():
        part["title"] = write_title(name.removesuffix("Document"))
    return {
        "$schema": DIALECT,
        **schema,
        "title": f"agentgit/{_name(document)}",
        "$comment": _COMMENT,
        "$defs": below,
    }


def _name(document: Any) -> str:
    """Take a document's name from its format, which its type says."""
    (form,) = get_args(get_type_hints(document)["format"])
    return str(form).removeprefix("agentgit/")

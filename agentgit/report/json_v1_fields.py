"""A value that differs, as the public JSON documents of plans and diffs have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.model.change import FieldChange
from agentgit.report.json_v1 import origin_document

if TYPE_CHECKING:
    from agentgit.report.documents.plan import FieldDocument


def field_document(field: FieldChange) -> FieldDocument:
    """One value; `before` or `after` is missing where nothing was, or is, set."""
    document: FieldDocument = {
        "path": field.path,
        "class": field.change_class,
        "origin": origin_document(field.origin),
        "lines": list(field.lines) if field.lines else None,
    }
    if field.had:
        document["before"] = field.before
    if field.has:
        document["after"] = field.after
    return document

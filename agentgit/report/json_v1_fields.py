"""A value that differs, as the public JSON documents of plans and diffs have it."""

from __future__ import annotations

from agentgit.model.change import FieldChange
from agentgit.report.json_v1 import Document, origin_document


def field_document(field: FieldChange) -> Document:
    """One value; `before` or `after` is missing where nothing was, or is, set."""
    document: Document = {"path": field.path, "class": field.change_class}
    if field.had:
        document["before"] = field.before
    if field.has:
        document["after"] = field.after
    document["origin"] = origin_document(field.origin)
    document["lines"] = list(field.lines) if field.lines else None
    return document

"""A value that differs, as the public JSON documents of plans and diffs have it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agentgit.model.change import FieldChange
from agentgit.model.value import Json
from agentgit.report.json_v1 import origin_document

if TYPE_CHECKING:
    from agentgit.report.documents.plan import FieldDocument


_LONG = 200  # characters; a longer text is written once for all fields that have it


def field_document(field: FieldChange, texts: dict[str, str] | None = None) -> FieldDocument:
    """One value; `before` or `after` is missing where nothing was, or is, set.

    Long texts go to `texts` where it is given, and the field names them.
    """
    document: FieldDocument = {
        "path": field.path,
        "class": field.change_class,
        "origin": origin_document(field.origin),
        "lines": list(field.lines) if field.lines else None,
        "files": list(field.files),
        "forces": field.forces,
        "was": origin_document(field.was),
    }
    if field.had and texts is not None and _is_long(field.before):
        document["beforeText"] = _keep(str(field.before), texts)
    elif field.had:
        document["before"] = field.before
    if field.has and texts is not None and _is_long(field.after):
        document["afterText"] = _keep(str(field.after), texts)
    elif field.has:
        document["after"] = field.after
    return document


def _is_long(value: Json) -> bool:
    return isinstance(value, str) and len(value) > _LONG


def _keep(text: str, texts: dict[str, str]) -> str:
    """Give the name of a text: equal texts have the same in every document."""
    name = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
    texts[name] = text
    return name

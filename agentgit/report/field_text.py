"""A value that differs: two values beside each other, or the difference of a text."""

from __future__ import annotations

import json

from agentgit.model.change import FieldChange
from agentgit.model.value import Json
from agentgit.report.extent import FOLDED, Extent
from agentgit.report.palette import PLAIN, Palette, columns
from agentgit.report.text_diff import write_text_diff
from agentgit.report.wording import write_value

_WIDTH = 120  # columns; a value that needs more is shown as a text, around what changes
_ALL = 10**9


def is_text(field: FieldChange) -> bool:
    """Whether the field is shown as a difference of lines instead of two values."""
    if field.lines is not None:
        return True
    values = [value for value, there in _sides(field) if there]
    if any(isinstance(value, str) and "\n" in value.strip() for value in values):
        return True
    return any(columns(write_value(value, width=_ALL)) > _WIDTH for value in values)


def write_before(field: FieldChange) -> str:
    """Write the older value of a field that is no text."""
    return write_value(field.before, width=_ALL) if field.had else "not set"


def write_after(field: FieldChange) -> str:
    """Write the newer value of a field that is no text."""
    return write_value(field.after, width=_ALL) if field.has else "not set"


def write_difference(
    field: FieldChange, *, palette: Palette = PLAIN, extent: Extent = FOLDED
) -> tuple[str, ...]:
    """Write the difference of a text; a side without a value has no lines."""
    before, after = (_write_lines(value) if there else "" for value, there in _sides(field))
    return write_text_diff(before, after, palette=palette, extent=extent)


def _sides(field: FieldChange) -> tuple[tuple[Json, bool], tuple[Json, bool]]:
    return (field.before, field.had), (field.after, field.has)


def _write_lines(value: Json) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)

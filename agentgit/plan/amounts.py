"""Amounts that an engine tells, in the units that people write."""

from __future__ import annotations

from agentgit.model.value import Json, format_size

_BYTES = frozenset({"memory", "memory_swap", "memory_reservation"})


def word_amount(field: str, value: Json) -> Json:
    """Write bytes as a size: `256m`; what is no such amount stays as it is."""
    if field not in _BYTES or not isinstance(value, str) or not value.isdecimal():
        return value
    size = format_size(int(value))
    return f"{size} bytes" if size.isdecimal() else size

"""How a field that differs is told in a line: its values, its place, and what it forces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentgit.model.change import Change, FieldChange, Forces
from agentgit.report.wording import count, write_value

_FORCES: Mapping[Forces, str] = {
    "replace": "replaces",
    "in-place": "in place",
    "scale": "scales",
    "move": "moves",
    "nothing": "",
}


def word_field_place(field: FieldChange) -> str:
    """Name the place that decides, or the one that did where none does; unsafe text."""
    place = field.origin or field.was
    if place is None:
        return ""
    gone = "gone from " if field.origin is None else ""
    if field.lines is not None:
        first, last = field.lines
        return f"{gone}{place.path}:{first}" + (f"-{last}" if last > first else "")
    more = f" and {count(len(field.files) - 1, 'more file')}" if len(field.files) > 1 else ""
    return f"{gone}{place}{more}"


def word_before_place(field: FieldChange) -> str:
    """Name the place that decided before, where another line does not name its file; unsafe."""
    if field.origin is None or field.was is None:
        return ""
    named = {field.origin.path, field.over.path if field.over else ""}
    return "" if field.was.path in named else f"before: {field.was}"


def word_step(field: FieldChange, width: int = 60) -> str:
    """Write the values: `0.7 -> 0.2`."""
    before = write_value(field.before, width=width) if field.had else "not set"
    after = write_value(field.after, width=width) if field.has else "not set"
    return f"{before} -> {after}"


def word_forced(field: FieldChange) -> str:
    """Say what a value forces: `replaces`, `in place`; nothing for what forces nothing."""
    return _FORCES[field.forces]


def force_the_same(fields: Sequence[FieldChange]) -> bool:
    """Whether all of them, but for those that force nothing, force the same."""
    return len({one.forces for one in fields} - {"nothing"}) <= 1


def word_ends(replicas: int) -> str:
    """Say what going back does not bring back of replicas that go; empty where none do."""
    return f"what {count(replicas, 'replica')} held outside volumes" if replicas else ""


def word_lost(changes: Sequence[Change]) -> str:
    """Say that of instances with fewer replicas than before: what is replaced loses as much."""
    fewer = [one for one in changes if one.replicas_after < one.replicas_before]
    return word_ends(sum(one.ends for one in fewer))

"""Small pieces that several outputs say the same way: ages, counts, values, tables."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from agentgit.model.value import Json
from agentgit.report.palette import clip, columns, pad, safe

_UNITS = (
    ("year", 365 * 86400),
    ("month", 30 * 86400),
    ("week", 7 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)
_PLAIN = re.compile(r"[A-Za-z0-9_./@$+:-](?:[A-Za-z0-9_./@$+:(), -]*[A-Za-z0-9_./@$+)-])?\Z")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "~"}
_VALUE_WIDTH = 60


def word_age(then: datetime | None, now: datetime) -> str:
    """Say how long ago: `2 hours ago`, `just now`; empty when unknown."""
    if then is None:
        return ""
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = int((now - then).total_seconds())
    if seconds < 1:
        return "just now"
    return f"{word_duration(seconds)} ago"


def word_duration(seconds: float) -> str:
    """Say a duration in its largest unit: `2 hours`, `1 second`."""
    whole = max(1, int(seconds))
    for unit, size in _UNITS:
        if whole >= size:
            return count(whole // size, unit)
    return count(1, "second")


def write_elapsed(seconds: float) -> str:
    """Write seconds as a clock does: `0.4s`, `12s`, `1m12s`, `1h02m`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def write_actor(actor: str) -> str:
    """Name a person without the address: `Ana` for `Ana <ana@acme.example>`."""
    return safe(actor.partition(" <")[0] or actor)


def count(number: int, noun: str) -> str:
    """Write a number with its noun: `1 replica`, `3 replicas`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def write_value(value: Json, *, width: int = _VALUE_WIDTH) -> str:
    """Write a value on one line; strings are quoted where they could be taken for another."""
    if isinstance(value, str):
        text = value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return clip(safe(text), width)


def short(digest: str) -> str:
    """Cut a commit to the seven characters that people see."""
    return digest[:7]


def short_revision(revision: str) -> str:
    """Cut a revision to the eight characters that people see."""
    return revision[:8]


def join_names(names: Sequence[str], limit: int = 6) -> str:
    """List names, folding what goes beyond `limit`: `a, b and 12 more`."""
    shown = [safe(name) for name in names]
    if len(shown) <= limit:
        return ", ".join(shown)
    return f"{', '.join(shown[: limit - 1])} and {len(shown) - limit + 1} more"


def lay_out(rows: Sequence[Sequence[str]], *, indent: str = "  ", widest: int = 1000) -> list[str]:
    """Align rows of safe, uncoloured cells in columns; trailing space is cut.

    Cells wider than `widest` do not widen the column of the others.
    """
    found = [[columns(row[at]) for row in rows if at < len(row)]
             for at in range(max((len(row) for row in rows), default=0))]  # fmt: skip
    widths = [max((one for one in column if one <= widest), default=0) for column in found]
    return [
        (indent + "  ".join(pad(cell, widths[at]) for at, cell in enumerate(row))).rstrip()
        for row in rows
    ]


def _is_plain(text: str) -> bool:
    """Whether a string needs no quotes: it could be no number, boolean or list."""
    if not _PLAIN.match(text) or ": " in text or text.lower() in _WORDS:
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False

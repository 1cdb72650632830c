"""Errors and warnings, with the line they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from agentgit.errors import Location, Problem
from agentgit.report.palette import PLAIN, Palette, clip, columns, safe

Level = Literal["error", "warning"]
_EXCERPT_WIDTH = 120


def write_problems(
    problems: Sequence[Problem],
    *,
    level: Level = "error",
    palette: Palette = PLAIN,
    limit: int = 51,  # what compile gives at most, with its note on the rest
) -> str:
    """Write problems one after the other, at most `limit` of them, and how many more there are."""
    blocks = ["\n".join(_write_one(one, level, palette)) for one in problems[:limit]]
    more = len(problems) - limit
    if more > 0:
        plural = "s" if more > 1 else ""
        blocks.append(f"{palette.paint(level, level + ':')} and {more} more {level}{plural}")
    return "\n\n".join(blocks)


def _write_one(problem: Problem, level: Level, palette: Palette) -> Iterator[str]:
    first, *rest = problem.message.splitlines() or [""]
    yield f"{palette.paint(level, level + ':')} {palette.paint('strong', safe(first))}"
    yield from (f"  {safe(line)}" for line in rest)
    if problem.location is not None:
        yield from _write_place("-->", "", problem.location, palette)
    for role, location in problem.also:
        yield from _write_place(":::", safe(role), location, palette)
    if problem.hint:
        first, *rest = problem.hint.splitlines()
        yield f"{palette.paint('hint', 'hint:')} {safe(first)}"
        yield from (f"      {safe(line)}" for line in rest)


def _write_place(arrow: str, role: str, location: Location, palette: Palette) -> Iterator[str]:
    """Point at a place, showing its line where that is known."""
    suffix = f"  {role}" if role else ""
    yield f"  {palette.paint('dim', arrow)} {safe(str(location))}{suffix}"
    if location.excerpt is None or not location.line:
        return
    number = str(location.line)
    bar = palette.paint("dim", f" {' ' * len(number)} |")
    before, excerpt = _cut_excerpt(location)
    yield bar
    yield f"{palette.paint('dim', f' {number} |')} {excerpt}".rstrip()
    if location.column:
        room = max(1, columns(excerpt) - before)
        carets = "^" * min(max(1, location.width), room)
        yield f"{bar} {' ' * before}{palette.paint('error', carets)}"


def _cut_excerpt(location: Location) -> tuple[int, str]:
    """Make a line safe and short; return the columns before the caret and the text."""
    raw = (location.excerpt or "").rstrip("\n")
    start = max(0, location.column - 1)
    before, after = safe(raw[:start]), safe(raw[start:])
    if columns(before) > _EXCERPT_WIDTH // 2:
        before = "…" + before[-_EXCERPT_WIDTH // 2 :]
    return columns(before), clip(before + after, _EXCERPT_WIDTH)

"""What lies between two commits, for people: each environment, each cause, whom it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.change import FieldChange
from agentgit.model.effect import Comparison, Effect, EffectCause, Way
from agentgit.model.snapshot import Commit
from agentgit.report.diff_words import (
    describe_new,
    group_problems,
    symbol_of,
    was_elsewhere,
    word_counts,
    word_more_places,
    word_place,
    word_reach,
)
from agentgit.report.extent import FOLDED, Extent
from agentgit.report.field_text import is_text, write_after, write_before, write_difference
from agentgit.report.field_words import word_forced
from agentgit.report.heading import write_commit
from agentgit.report.palette import PLAIN, Palette, Role, safe
from agentgit.report.problems import write_problems
from agentgit.report.wording import count, join_names, lay_out

_WIDTH = 60  # columns; a wider cell does not widen the table
_ROLES: dict[str, Role] = {"+": "add", "-": "remove", "~": "change", "±": "change"}


def write_comparison(
    comparison: Comparison,
    *,
    now: datetime,
    palette: Palette = PLAIN,
    extent: Extent = FOLDED,
) -> str:
    """Write all of it; environments without a change in one line at the end."""
    before, after = (_write_side(one, now) for one in (comparison.before, comparison.after))
    same = [one.environment for one in comparison.effects if one.is_empty]
    if comparison.is_empty:
        names = join_names(same)
        what = f"{count(len(same), 'environment')} ({names})" if same else "nothing is declared"
        return f"No changes between {before} and {after}: {what}."
    lines = [f"{before} -> {after}"]
    lines += _write_problems(comparison, palette)
    for effect in comparison.effects:
        if effect.is_known and not effect.is_empty:
            lines += ["", *_write_effect(effect, palette, extent)]
    if same:
        lines += ["", f"{join_names(same)}  no changes"]
    return "\n".join(lines)


def _write_side(commit: Commit | None, now: datetime) -> str:
    return write_commit(commit, now) if commit else "the work tree"


def _write_problems(comparison: Comparison, palette: Palette) -> Iterator[str]:
    """Write what is wrong with a side, once for all environments in which it is the same."""
    for word, newer in (("newer", True), ("older", False)):
        for problems, names in group_problems(comparison, newer=newer).items():
            yield ""
            yield f"{join_names(names)}  cannot be compared, the {word} side is wrong:"
            yield write_problems(problems, palette=palette)


def _write_effect(effect: Effect, palette: Palette, extent: Extent) -> Iterator[str]:
    name = palette.paint("strong", safe(effect.environment))
    yield f"{name}  {', '.join(word_counts(effect))}"
    for cause in effect.causes[: extent.groups]:
        yield from _write_cause(effect, cause, palette, extent)
    left = len(effect.causes) - extent.groups
    if left > 0:
        yield f"  ... and {count(left, 'more cause')}; {extent.hint}"


def _write_cause(
    effect: Effect, cause: EffectCause, palette: Palette, extent: Extent
) -> Iterator[str]:
    symbol = symbol_of(cause)
    place = palette.paint("strong", safe(word_place(cause)))
    more = word_more_places(cause)
    yield (
        f"  {palette.paint(_ROLES[symbol], symbol)} {place}{f' {more}' if more else ''}"
        f"  {word_reach(cause)}"
    )
    for way in cause.ways[: extent.ways]:
        yield from _write_way(effect, cause, way, palette, extent)
    if len(cause.ways) > extent.ways:
        left = count(len(cause.ways) - extent.ways, "more way")
        yield f"      ... and {left}; {extent.hint}"


def _write_way(
    effect: Effect, cause: EffectCause, way: Way, palette: Palette, extent: Extent
) -> Iterator[str]:
    if way.instances:
        told = ""
        if cause.kind != "change":
            agent, replicas = describe_new(effect, way)
            told = f"  (agent {safe(agent)}, {replicas})"
        number = f"{len(way.instances)}: " if len(cause.ways) > 1 else ""
        yield f"      {number}{join_names(way.instances, extent.names)}{told}"
    indent = " " * (8 if len(cause.ways) > 1 else 6)
    yield from _write_fields(way.fields, indent, palette, extent)


def _write_fields(
    fields: Sequence[FieldChange], indent: str, palette: Palette, extent: Extent
) -> Iterator[str]:
    for field in (one for one in fields if is_text(one)):
        yield f"{indent}{safe(field.path)}"
        for line in write_difference(field, palette=palette, extent=extent):
            yield f"{indent}  {palette.paint('dim', '|')} {line}"
    values = [one for one in fields if not is_text(one)]
    rows = []
    for field in values[: extent.fields]:
        was = was_elsewhere(field)
        told = f"before: {safe(str(was))}" if was else ""
        forced = "" if field.forces == "replace" else word_forced(field)
        step = f"{write_before(field)} -> {write_after(field)}{f'  ({forced})' if forced else ''}"
        rows.append((safe(field.path), step, told))
    yield from lay_out(rows, indent=indent, widest=_WIDTH)
    if len(values) > extent.fields:
        left = count(len(values) - extent.fields, "more value")
        yield f"{indent}... and {left}; {extent.hint}"

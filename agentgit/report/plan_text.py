"""A plan for people: what would change, why, in which waves, and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.change import Change
from agentgit.model.plan import Plan, Wave
from agentgit.model.value import format_duration
from agentgit.report.blame_words import Blamer
from agentgit.report.changes_text import is_new, is_set_back, write_change_lines, write_changes
from agentgit.report.context import NOTHING_KNOWN, Context
from agentgit.report.extent import FOLDED, Extent
from agentgit.report.field_words import word_lost
from agentgit.report.heading import (
    write_compared,
    write_head,
    write_notes,
    write_pin,
)
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.reach import (
    count_reached,
    find_unseen,
    has_peak,
    name_leftovers,
    name_removed_images,
    percent,
    write_images,
)
from agentgit.report.rehearsal import write_rehearsal
from agentgit.report.wording import count, join_names, lay_out, word_duration

_MOVES_WIDTH = 60  # columns; more does not widen the table


def write_plan(  # noqa: PLR0913 - what a text depends on
    plan: Plan,
    *,
    now: datetime,
    context: Context = NOTHING_KNOWN,
    palette: Palette = PLAIN,
    command: str = "",
    blamer: Blamer | None = None,
    extent: Extent = FOLDED,
) -> str:
    """Write a plan; `command` is what carries it out, empty where nothing has to be typed."""
    head = _write_top(plan, now, context, palette)
    if plan.is_empty:
        return "\n".join(
            [*head, *write_end(plan, command if plan.refusals or plan.is_pending else "")]
        )
    lines = [*head, ""]
    lines += write_changes(
        plan.changes,
        palette,
        environment="" if context.kind == "destroy" else plan.environment,
        hosts=len(plan.hosts) > 1,
        blamer=blamer,
        extent=extent,
    )
    lines += ["", *_write_waves(plan.waves, extent)]
    lines += [f"  {line}" for line in write_images(plan, extent.names)]
    lines += [*_write_cleanup(plan, extent), *_write_terms(plan, extent), ""]
    lines += _write_totals(plan, context, extent)
    lines += write_end(plan, command)
    return "\n".join(_squeeze(lines))


def write_summary(
    plan: Plan,
    *,
    now: datetime,
    context: Context = NOTHING_KNOWN,
    palette: Palette = PLAIN,
    command: str = "",
) -> str:
    """Write a plan in few lines: the heading, a line for each change, counts and risk."""
    lines = _write_top(plan, now, context, palette)
    if plan.is_empty:
        return "\n".join(
            [*lines, *write_end(plan, command if plan.refusals or plan.is_pending else "")]
        )
    environment = "" if context.kind == "destroy" else plan.environment
    lines += ["", *write_change_lines(plan.changes, palette, environment=environment), ""]
    lines += _write_totals(plan, context, FOLDED)
    lines += write_end(plan, command)
    return "\n".join(_squeeze(lines))


def _write_top(plan: Plan, now: datetime, context: Context, palette: Palette) -> list[str]:
    destroy = context.kind == "destroy"
    pin = () if destroy else write_pin(plan, now, palette, pinning=context.pinning)
    lines = [*pin, *write_notes(plan, now, context, palette)]
    if plan.is_empty:
        return [*lines, write_no_changes(plan, context)]
    head = _write_destroy(plan, palette) if destroy else write_head(plan, now, palette)
    return [head, write_compared(plan, now, context), *lines]


def write_end(plan: Plan, command: str) -> Iterator[str]:
    """Say what to type, or which guards refuse it; then `command` is what lets them pass."""
    names = join_names(list(dict.fromkeys(one.name for one in plan.refusals)))
    if names:
        yield ""
        yield f"refused by {names}{f'; if it is meant:  {command}' if command else ''}"
    elif command:
        yield ""
        yield f"to carry it out:  {command}"


def write_no_changes(plan: Plan, context: Context) -> str:
    """Say that there is nothing to do, and what runs."""
    if plan.is_pending:
        name = safe(plan.environment)
        return f"No replica of {name} changes. What is said above holds once this is applied."
    if not plan.replicas_before:
        return f"No changes. Nothing runs in {safe(plan.environment)}."
    who = safe(plan.environment)
    if context.only:
        who = f"{join_names(context.only)} of {who}"
    if context.kind == "destroy":
        return f"No changes. {who} has nothing to remove."
    verb = "run" if len(context.only) > 1 else "runs"
    what = plan.commit.short if plan.commit else "what the work tree asks for"
    if context.only:
        return f"No changes. {who} {verb} {what}."
    return (
        f"No changes. {who} {verb} {what} on {count(len(plan.hosts), 'host')}, "
        f"{plan.replicas_healthy} of {count(plan.replicas_before, 'replica')} healthy."
    )


def _write_destroy(plan: Plan, palette: Palette) -> str:
    name = palette.paint("strong", safe(plan.environment))
    return f"{name}: everything that runs there is removed, volumes stay"


def _write_waves(waves: Sequence[Wave], extent: Extent) -> list[str]:
    rows = []
    for number, wave in enumerate(waves[: extent.waves], start=1):
        hold = f"then hold {format_duration(wave.hold.duration)}" if wave.hold else ""
        rows.append((f"wave {number}", safe(wave.title), _write_moves(wave, extent), hold))
    lines = lay_out(rows, widest=_MOVES_WIDTH)
    if len(waves) > extent.waves:
        left = count(len(waves) - extent.waves, "more wave")
        lines.append(f"  ... and {left}; {extent.hint}")
    return lines


def _write_moves(wave: Wave, extent: Extent) -> str:
    """Name the instances of a wave, with how many replicas where it is more than one."""
    moves: dict[str, int] = {}
    for move in wave.moves:
        moves[move.instance] = moves.get(move.instance, 0) + 1
    if wave.hold is not None and not moves:  # it only looks
        moves = dict.fromkeys(sorted(one.instance for one in wave.hold.passes), 1)
    names = [f"{name} x{n}" if n > 1 else name for name, n in moves.items()]
    return join_names(names, extent.names)


def _write_cleanup(plan: Plan, extent: Extent) -> Iterator[str]:
    names = name_leftovers(plan)
    if names:
        yield f"  afterwards removed, as nothing uses it: {join_names(names, extent.names)}"
    images = name_removed_images(plan)
    if images:
        noun = "image" if len(images) == 1 else "images"
        some = join_names(images, extent.names)
        yield f"  afterwards removed, as no kept revision needs it: {noun} {some}"


def _write_terms(plan: Plan, extent: Extent) -> Iterator[str]:
    """Write which pauses are not made again, and how many instances may fail."""
    if plan.passages:
        passed = [f"{one.weight} % of {one.instance}" for one in plan.passages]
        names = join_names(passed, extent.names)
        yield f"  not repeated, as it was passed already: canary {names}"
    moving = {one.instance for one in plan.changes if one.kind not in {"keep", "remove"}}
    for number in sorted(set(plan.tolerated.values())):
        some = sorted(name for name, n in plan.tolerated.items() if n == number)
        of = "" if moving <= set(some) else f" ({join_names(some, extent.names)})"
        most = count(number, "instance")
        have = "has" if number == 1 else "have"
        yield f"  goes on while at most {most} {have} failed{of}; only what failed goes back"


def _write_totals(plan: Plan, context: Context, extent: Extent) -> Iterator[str]:
    active = [change for change in plan.changes if change.kind != "keep"]
    if active:
        yield "  " + " · ".join(_write_reach(plan, context, extent))
    if plan.risk.reasons:
        yield f"  risk: {plan.risk.level} ({', '.join(plan.risk.reasons)})"
    ends = word_lost(active)
    if ends:
        yield f"  cannot be undone: {ends}"
    back = sum(is_set_back(change) for change in active)
    added = sum(is_new(change) for change in active)
    removed = sum(change.kind == "remove" and not is_set_back(change) for change in active)
    changed = len(active) - back - added - removed
    words = [f"{added} to add", f"{changed} to change"]
    words += [f"{back} to set back"] if back else []
    words += [f"{removed} to remove", f"{len(plan.changes) - len(active)} unchanged"]
    left = context.instances - len(plan.changes)
    words += [f"{left} left out"] if context.only and left > 0 else []
    yield "  " + ", ".join(words)
    if context.rehearsal is not None:
        first, *rest = write_rehearsal(context.rehearsal, extent.names)
        yield f"  {first}"
        yield from (f"    {line}" for line in rest)


def _write_reach(plan: Plan, context: Context, extent: Extent) -> Iterator[str]:
    active = [change for change in plan.changes if change.kind != "keep"]
    touched, total = count_reached(plan)
    share = f" ({percent(touched, total)})" if total else ""
    instances = max(len(plan.changes), context.instances)
    yield f"reaches {touched} of {count(total, 'replica')}{share}"
    yield f"{len(active)} of {count(instances, 'instance')}"
    stopping = [one for one in active if one.order == "stop-first"]
    starting = [one.instance for one in active if one.order == "start-first"]
    blind = [name for name in starting if name in context.unchecked]
    if stopping:
        names = join_names([_say_stop(one) for one in stopping], extent.names)
        yield f"stops before it starts: {names}"
    elif starting:
        state = "run" if len(blind) == len(starting) else "are healthy"
        yield f"new replicas {state} before old ones stop"
    unseen = find_unseen(plan, context)
    if unseen:
        names = join_names(unseen, extent.names)
        yield f"no health check is declared, running counts as healthy: {names}"
    if has_peak(plan):
        yield f"at most {count(plan.peak, 'replica')} at once"


def _say_stop(change: Change) -> str:
    """Name an instance whose replicas stop first, with the gap that this makes."""
    gap = change.gap
    if gap is None:
        return change.instance
    low, high = word_duration(gap.at_least), word_duration(gap.at_most)
    return f"{change.instance} (nobody serves for about {low}, {high} at worst)"


def _squeeze(lines: Sequence[str]) -> list[str]:
    """Drop empty lines that follow an empty line."""
    return [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]

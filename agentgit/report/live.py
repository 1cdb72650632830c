"""A running rollout as a small picture: the events so far become the lines on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentgit.model.events import (
    Event,
    GoingBack,
    HoldStarted,
    PrepareDone,
    StepDone,
    StepFailed,
    StepStarted,
    WaveStarted,
)
from agentgit.model.plan import Move, Plan
from agentgit.model.steps import target_of
from agentgit.report.palette import PLAIN, Palette, Role, clip, columns, pad, safe
from agentgit.report.wording import short, write_elapsed

_DOTS = 24
_VERBS = {
    "create-replica": "creating",
    "start-replica": "starting",
    "update-replica": "updating",
    "stop-replica": "stopping",
    "remove-replica": "removing",
    "await-healthy": "waiting until healthy:",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One instance: how many of its moves are done, and what goes on."""

    instance: str
    done: int
    total: int
    now: str
    failed: bool


def draw_rollout(
    plan: Plan,
    events: Sequence[Event],
    elapsed: float,
    *,
    width: int = 100,
    height: int = 24,
    palette: Palette = PLAIN,
) -> tuple[str, ...]:
    """Give the lines, none wider than `width` and not more than `height`."""
    rows = list(_collect_rows(plan, events))
    name_width = min(40, max((columns(safe(row.instance)) for row in rows), default=0))
    head = f"{safe(plan.environment)}  {plan.commit.short if plan.commit else ''}"
    title = f"{head}  {_stage(events)}"
    lines = [clip(pad(title, width - 10), width - 9) + f"{write_elapsed(elapsed):>8}", ""]
    room = max(1, height - len(lines) - 1)
    if len(rows) > room:
        rows.sort(key=lambda row: (not row.failed, not row.now, row.done == row.total))
        left = len(rows) - room + 1
        rows = rows[: room - 1]
        tail = [f"  ... and {left} more"]
    else:
        tail = []
    return (*lines, *(_draw_row(row, name_width, width, palette) for row in rows), *tail)


def _stage(events: Sequence[Event]) -> str:
    """Say what the rollout as a whole is doing."""
    for event in reversed(events):
        if isinstance(event, GoingBack):
            to = ", ".join(short(commit) for commit in event.to) or "nothing: they were new"
            return f"going back to {to}"
        if isinstance(event, HoldStarted):
            return f"looking for {write_elapsed(event.seconds)}"
        if isinstance(event, WaveStarted):
            return f"wave {event.number} of {event.of}  {safe(event.title)}"
        if isinstance(event, PrepareDone):
            return "prepared"
    return "preparing"


def _collect_rows(plan: Plan, events: Sequence[Event]) -> Iterator[Row]:
    """Match the plan's moves with what was done so far, per instance in the plan's order."""
    done = {
        (event.host, event.step, event.target) for event in events if isinstance(event, StepDone)
    }
    running: dict[str, str] = {}
    failed: set[str] = set()
    for event in events:
        if isinstance(event, StepStarted):
            running[event.instance] = f"{_VERBS.get(event.step, event.step)} {safe(event.target)}"
        elif isinstance(event, StepDone):
            running.pop(event.instance, None)
        elif isinstance(event, StepFailed):
            failed.add(event.failure.instance)
    moves: dict[str, list[Move]] = {}
    for move in plan.moves:
        moves.setdefault(move.instance, []).append(move)
    for instance, mine in moves.items():
        finished = sum(_is_done(move, done) for move in mine)
        now = running.get(instance, "")
        yield Row(instance, finished, len(mine), now, instance in failed)


def _is_done(move: Move, done: set[tuple[str, str, str]]) -> bool:
    return all((step.host, step.kind, target_of(step)) in done for step in move.steps[-1:])


def _draw_row(row: Row, name_width: int, width: int, palette: Palette) -> str:
    shown = min(row.total, _DOTS)
    full = shown * row.done // row.total
    busy = 1 if row.now and full < shown else 0
    dots = "●" * full + ("✗" if row.failed else "◐") * busy + "·" * (shown - full - busy)
    role: Role = "error" if row.failed else "good"
    name = pad(clip(safe(row.instance), name_width), name_width)
    numbers = f"{row.done} of {row.total}"
    room = width - columns(f"  {name}  {dots}  {numbers}  ")
    now = "failed" if row.failed and not row.now else clip(row.now, max(1, room))
    return f"  {name}  {palette.paint(role, dots)}  {numbers}  {now}".rstrip()

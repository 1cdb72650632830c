"""One rollout of the history in full: who and what, the plan with its causes, what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agentgit.model.events import Event, RolloutFinished, RolloutStarted, StepFailed
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.report.changes_text import write_changes
from agentgit.report.context import NOTHING_KNOWN
from agentgit.report.events_text import Progress
from agentgit.report.extent import BY_JSON
from agentgit.report.failure_text import write_failures
from agentgit.report.heading import write_commit
from agentgit.report.history_text import write_result
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import (
    count,
    join_names,
    lay_out,
    short,
    word_age,
    write_elapsed,
)

_EVENTS = 200
_WAVES = 12


@dataclass(frozen=True)
class Recorded:
    """All that the ledger has of a rollout; `resumed_by` went on with it."""

    record: RolloutRecord
    commit: Commit
    plan: Plan | None = None
    events: Sequence[Event] = field(default_factory=tuple)
    resumed_by: str = ""
    abandoned: bool = False


def write_rollout(
    shown: Recorded, now: datetime, palette: Palette = PLAIN, *, verbose: bool = False
) -> str:
    """Write it; `verbose` tells every step."""
    record = shown.record
    name = palette.paint("strong", f"{safe(record.environment)}  rollout {record.id}")
    result = write_result(record, abandoned=shown.abandoned)
    lines = [
        f"{name}  {record.kind}, {result}",
        *lay_out([(key, text) for key, text in _write_facts(shown, now) if text]),
        "",
        *_write_plan(shown.plan, palette),
        *_write_events(shown, palette, verbose=verbose),
        *_write_failures(shown, palette),
        *_write_next(shown),
    ]
    return "\n".join(line for at, line in enumerate(lines) if line or (at and lines[at - 1]))


def _write_facts(shown: Recorded, now: datetime) -> Iterator[tuple[str, str]]:
    record = shown.record
    yield "commit", write_commit(shown.commit, now) if record.commit else ""
    yield "by", f"{safe(record.actor)}, with {safe(record.tool)}"
    yield "began", _write_moment(record.started_at, now)
    yield "ended", _write_end(record, now)
    yield "reason", safe(record.reason) + (" (tried again on purpose)" if record.retry else "")
    yield "only", join_names(record.only)
    yield "let pass", join_names(record.allow)
    if record.pin is not None and record.kind != "unpin":
        until = f", until {_write_date(record.pin.expires)}" if record.pin.expires else ""
        instead = f"instead of {short(record.pin.instead_of)}{until}"
        yield "pin", f"pinned at {short(record.pin.commit)} {instead}"
    yield "went on with", safe(record.resumes)
    yield "taken up by", safe(shown.resumed_by)
    yield "made way for", short(record.superseded_by)
    yield "went back to", ", ".join(short(one) for one in record.back_to)
    yield "hosts", join_names(sorted(record.hosts))
    yield "lease", f"number {record.fence}" if record.fence else ""


def _write_moment(moment: datetime, now: datetime) -> str:
    return f"{_write_date(moment)}, {word_age(moment, now)}"


def _write_date(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def _write_end(record: RolloutRecord, now: datetime) -> str:
    if record.finished_at is None:
        return "no end is recorded"
    seconds = (record.finished_at - record.started_at).total_seconds()
    return f"{_write_moment(record.finished_at, now)}, after {write_elapsed(seconds)}"


def _write_plan(plan: Plan | None, palette: Palette) -> Iterator[str]:
    if plan is None:
        return
    yield palette.paint("strong", "plan")
    changes = write_changes(plan.changes, palette, hosts=len(plan.hosts) > 1, extent=BY_JSON)
    yield from changes or ["  nothing that runs was to change"]
    yield from lay_out(
        [
            (f"wave {number}", safe(wave.title), count(len(wave.moves), "move"))
            for number, wave in enumerate(plan.waves[:_WAVES], 1)
        ]
    )
    if len(plan.waves) > _WAVES:
        yield f"  ... and {count(len(plan.waves) - _WAVES, 'more wave')}"
    yield ""


def _write_events(shown: Recorded, palette: Palette, *, verbose: bool) -> Iterator[str]:
    if shown.plan is None or not shown.events:
        return
    yield palette.paint("strong", "what happened")
    progress = Progress(shown.plan, palette, verbose=verbose)
    told = (
        progress.word(event)
        for event in shown.events
        if not isinstance(event, RolloutStarted | RolloutFinished)
    )
    lines = [line for line in told if line]
    left = len(lines) - _EVENTS
    yield from (f"  {line}" for line in lines[:_EVENTS])
    if left > 0:
        yield f"  ... and {count(left, 'more line')}; --json has all events"
    yield ""


def _write_failures(shown: Recorded, palette: Palette) -> Iterator[str]:
    record = shown.record
    events: list[Event] = [one for one in shown.events if isinstance(one, StepFailed)]
    told = {one.failure for one in events if isinstance(one, StepFailed)}
    more = dict.fromkeys((*((record.failure,) if record.failure else ()), *record.failures))
    events += [StepFailed(failure=one) for one in more if one not in told]
    if events and shown.plan is not None:
        yield palette.paint("strong", "what failed")
        yield from write_failures(shown.plan, events, NOTHING_KNOWN, palette)


def _write_next(shown: Recorded) -> Iterator[str]:
    """Say what to type about a rollout that left something to do."""
    record, name = shown.record, safe(shown.record.environment)
    if record.outcome == "running" and not shown.abandoned:
        yield f"to see whether somebody is at work on it:  agentgit lock show -e {name}"
    elif record.outcome in {"interrupted", "running", "failed"} and not shown.resumed_by:
        yield f"to see what is left to do:  agentgit plan -e {name}"
    elif record.outcome in {"rolled-back", "partial"}:
        yield f"to try again:  fix it, commit, then agentgit apply -e {name}"
    elif record.kind in {"apply", "rollback"} and record.outcome == "succeeded" and record.commit:
        yield f"to go back to it:  agentgit rollback -e {name} --to {short(record.commit)}"

"""Who applied what, when, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentgit.model.rollout import RolloutRecord
from agentgit.report.failure_text import shorten_failure
from agentgit.report.palette import PLAIN, Palette, clip, safe
from agentgit.report.standing import mark_abandoned
from agentgit.report.wording import (
    join_names,
    lay_out,
    short,
    word_age,
    write_actor,
    write_elapsed,
)

_SUBJECT_WIDTH = 50


def write_history(
    records: Sequence[RolloutRecord],
    *,
    now: datetime,
    subjects: Mapping[str, str],
    environment: str,
    palette: Palette = PLAIN,
) -> str:
    """Write rollouts, newest first; `subjects` gives the subjects of commits, as far as known."""
    if not records:
        return f"No rollouts yet. The first one:  agentgit apply -e {safe(environment)}"
    marked = mark_abandoned(records)
    rows = [_row(one, now, subjects, abandoned=left) for one, left in marked]
    heads = lay_out(rows, indent="")
    lines: list[str] = []
    for record, head in zip(records, heads, strict=True):
        lines.append(head)
        lines += [f"    {line}" for line in _write_details(record, palette)]
    return "\n".join(lines)


def write_result(record: RolloutRecord, *, abandoned: bool = False) -> str:
    """Say how it ended, in words; `abandoned`: it never did, and nobody is at work on it."""
    return "abandoned" if abandoned else record.outcome.replace("-", " ")


def _row(
    record: RolloutRecord, now: datetime, subjects: Mapping[str, str], *, abandoned: bool
) -> tuple[str, ...]:
    subject = safe(subjects.get(record.commit, ""))
    quoted = f' "{clip(subject, _SUBJECT_WIDTH)}"' if subject else ""
    seconds = (
        write_elapsed((record.finished_at - record.started_at).total_seconds())
        if record.finished_at
        else ""
    )
    return (
        record.id,
        word_age(record.started_at, now),
        record.kind,
        write_result(record, abandoned=abandoned),
        f"+{record.added} ~{record.changed} -{record.removed}",
        seconds,
        write_actor(record.actor),
        f"{short(record.commit)}{quoted}",
    )


def _write_details(record: RolloutRecord, palette: Palette) -> Iterator[str]:
    if record.reason:
        yield f"reason: {safe(record.reason)}"
    if record.pin is not None and record.kind != "unpin":
        yield f"pinned at {short(record.pin.commit)} instead of {short(record.pin.instead_of)}"
    if record.only:
        yield f"only: {join_names(record.only)}"
    if record.allow:
        yield f"let pass: {join_names(record.allow)}"
    if record.failure is not None:
        who = safe(record.failure.instance or record.failure.host)
        text = f"{who}: {shorten_failure(record.failure)}".removeprefix(": ")
        yield palette.paint("error", text)
    if record.back_to:
        yield f"went back to {', '.join(short(commit) for commit in record.back_to)}"

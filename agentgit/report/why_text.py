"""Why a replica is there: its rollout, the change that made it, who wrote that, the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agentgit.model.change import Change, FieldChange
from agentgit.model.rollout import RolloutRecord
from agentgit.model.story import Story
from agentgit.report.aftermath import describe_state
from agentgit.report.blame_words import Blamer
from agentgit.report.failure_text import collapse, shorten_failure
from agentgit.report.field_words import word_field_place, word_step
from agentgit.report.heading import write_commit
from agentgit.report.history_text import write_result
from agentgit.report.palette import PLAIN, Palette, clip, safe
from agentgit.report.wording import (
    count,
    lay_out,
    short,
    short_revision,
    word_age,
    write_actor,
    write_elapsed,
)

_FIELDS = 20
_LOG_LINES = 10
_VALUE = 30
_KINDS = {
    "create": "it is new",
    "replace": "it replaced one that was different",
    "update": "it was changed in place",
    "scale": "there were to be more",
    "remove": "it was to go",
    "keep": "it was to stay",
}


def write_story(
    story: Story, now: datetime, palette: Palette = PLAIN, blamer: Blamer | None = None
) -> str:
    """Write the story of a replica, from what is seen to who wrote it and how it went."""
    rows = [
        ("instance", _write_instance(story)),
        ("commit", write_commit(story.commit, now) if story.commit.sha else "not known"),
        ("rollout", _write_rollout(story, now)),
        *_write_end(story, now),
    ]
    lines = [_write_head(story, palette), *lay_out(rows), ""]
    lines += _write_cause(story, palette, blamer)
    lines += ["", *_write_evidence(story, palette)]
    lines += ["", *_write_next(story)]
    return "\n".join(lines)


def _write_head(story: Story, palette: Palette) -> str:
    name = palette.paint("strong", safe(story.name))
    where = f" on {safe(story.host)}" if story.host else ""
    if story.unseen:
        return f"{name}  {palette.paint('attention', f'may run: what runs{where} is not known')}"
    if story.live is None:
        return (
            f"{name}  {palette.paint('attention', 'is gone')}{f', it was{where}' if where else ''}"
        )
    state = palette.paint("good" if story.live.serving else "error", describe_state(story.live))
    return f"{name}  {state}{where}  (id {safe(story.live.id[:12])})"


def _write_instance(story: Story) -> str:
    words = [safe(story.instance or "not known")]
    words += [f"slot {story.slot}"] if story.slot else []
    words += [f"revision {short_revision(safe(story.revision))}"] if story.revision else []
    words += [f"in {safe(story.environment)}"]
    return ", ".join(words)


def _write_rollout(story: Story, now: datetime) -> str:
    if story.rollout is None:
        known = safe(story.rollout_id) or "not known"
        return f"{known}; its record is not here" if story.rollout_id else known
    return _write_record(story.rollout, now)


def _write_record(record: RolloutRecord, now: datetime) -> str:
    when = word_age(record.started_at, now)
    text = f"{record.id}  {record.kind}, {write_result(record)}, {when} by "
    return text + write_actor(record.actor) + (f": {safe(record.reason)}" if record.reason else "")


def _write_end(story: Story, now: datetime) -> Iterator[tuple[str, str]]:
    if story.live is None and not story.unseen:
        last = story.removed_by
        yield "removed by", _write_record(last, now) if last else "no rollout that is recorded"


def _write_cause(story: Story, palette: Palette, blamer: Blamer | None) -> Iterator[str]:
    yield palette.paint("strong", "why it was made")
    change = story.change
    if story.went_back:
        yield "  that rollout failed and went back; this replica is of what ran before"
    elif change is None:
        yield "  not known: the plan of its rollout is not in the ledger of this clone"
    else:
        if {cause.kind for cause in change.causes} == {"restart"}:
            yield "  it replaced an equal one"
        else:
            yield f"  {_KINDS[change.kind]}{_write_file(change, blamer)}"
        for cause in change.causes:
            if cause.kind not in {"fields", "new", "removed"} and cause.detail:
                yield f"  {safe(cause.detail)}"
        yield from _write_fields(change, blamer)


def _write_file(change: Change, blamer: Blamer | None) -> str:
    """Name the file that declares the instance, where no field says more, and who wrote it."""
    if change.fields or not change.path:
        return ""
    who = blamer.changed(change.path) if blamer else ""
    return f":  {safe(change.path)}  {who}".rstrip()


def _write_fields(change: Change, blamer: Blamer | None) -> Iterator[str]:
    rows = []
    for field in change.fields[:_FIELDS]:
        who = blamer.wrote(field) if blamer else ""
        rows.append((safe(field.path), _write_step(field), safe(word_field_place(field)), who))
    yield from lay_out(rows, indent="    ")
    if len(change.fields) > _FIELDS:
        yield f"    ... and {count(len(change.fields) - _FIELDS, 'more field')}"


def _write_step(field: FieldChange) -> str:
    if "\n" in f"{field.before}{field.after}":
        return "changed"
    return word_step(field, _VALUE)


def _write_evidence(story: Story, palette: Palette) -> Iterator[str]:
    yield palette.paint("strong", "what was seen of it")
    said = False
    for proof in story.proofs:
        said = True
        if proof.what == "healthy":
            yield f"  healthy after {write_elapsed(proof.seconds or 0)}"
        else:
            yield "  watched during a pause, all was well"
    if story.live is not None:
        said = True
        probe = f": {clip(safe(story.live.probe), 80)}" if story.live.probe else ""
        restarts = f", {count(story.live.restarts, 'restart')}" if story.live.restarts else ""
        yield f"  now {describe_state(story.live)}{restarts}{probe}"
    if story.failure is not None:
        said = True
        yield f"  {palette.paint('error', 'failed')} {shorten_failure(story.failure)}"
        yield from (f"    {safe(line)}" for line in collapse(story.failure.log)[-_LOG_LINES:])
    if not said:
        yield "  nothing is recorded"


def _write_next(story: Story) -> Iterator[str]:
    name = safe(story.environment)
    if story.rollout is not None:
        yield f"all of that rollout:  agentgit history show {story.rollout.id} -e {name}"
    if story.change is not None and story.commit.sha:
        way = f"agentgit explain {safe(story.instance)} -e {name} --revision"
        yield f"every value it got:  {way} {short(story.commit.sha)}"

"""One milestone of a rollout as a commit: its message and the stream `git fast-import` reads.

Pure. Fast-import writes blobs, tree, commit and ref in one process, knows neither index nor work
tree, asks for no configured identity, signs nothing, and moves a ref only forward.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from agentgit.model.events import Event
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord

RECORD_FILE = "rollout.json"
PLAN_FILE = "plan.json"
EVENTS_FILE = "events.jsonl"
REFS = "refs/agentgit/rollouts"
_ACTOR = re.compile(r"(.*?)\s*<(.*)>")


@dataclass(frozen=True, slots=True)
class Said:
    """What a milestone says of itself, by whom and when, where the record does not say it."""

    word: str = ""
    by: str = ""
    when: datetime | None = None


def name_ref(environment: str, rollout: str) -> str:
    """Name the ref of a rollout."""
    return f"{REFS}/{environment}/{rollout}"


def begin_files(record: RolloutRecord, plan: Plan | None) -> dict[str, bytes]:
    """Write the files of a rollout that begins."""
    files = {RECORD_FILE: _as_file(record.model_dump_json(indent=2))}
    if plan is not None:
        files[PLAN_FILE] = _as_file(plan.model_dump_json(indent=2))
    return files


def milestone_files(
    record: RolloutRecord, events: tuple[Event, ...] | None = None
) -> dict[str, bytes]:
    """Write the files that change on the way and at the end; without `events` these stay."""
    files = {RECORD_FILE: _as_file(record.model_dump_json(indent=2))}
    if events is not None:
        lines = "".join(f"{event.model_dump_json()}\n" for event in events)
        files[EVENTS_FILE] = lines.encode()
    return files


def write_stream(
    record: RolloutRecord,
    files: dict[str, bytes],
    *,
    previous: str | None,
    deployed: str | None,
    said: Said | None = None,
) -> bytes:
    """Write the stream. Files of the previous milestone stay; the deployed commit gives none."""
    said = said or Said()
    parents = [parent for parent in (previous, deployed) if parent is not None]
    who = _identity(said.by or record.actor)
    when = _timestamp(said.when or record.finished_at or record.started_at)
    message = _message(record, said.word).encode()
    head = [
        f"commit {name_ref(record.environment, record.id)}",
        f"author {who} {when}",
        f"committer {who} {when}",
        f"data {len(message)}",
    ]
    chunks = ["\n".join(head).encode(), b"\n", message, b"\n"]
    for key, parent in zip(("from", "merge"), parents, strict=False):
        chunks.append(f"{key} {parent}\n".encode())
    if previous is None:
        chunks.append(b"deleteall\n")
    for path, data in sorted(files.items()):
        chunks += [f"M 644 inline {path}\ndata {len(data)}\n".encode(), data, b"\n"]
    return b"".join([*chunks, b"done\n"])


def write_join(record: RolloutRecord, winner: str, other: str) -> bytes:
    """Write the stream that joins two ends of one rollout; the files are those of the winner.

    Whoever joins the same two ends writes the same commit.
    """
    said = Said("recorded twice, joined")
    return write_stream(record, {}, previous=winner, deployed=other, said=said)


def _message(record: RolloutRecord, word: str) -> str:
    word = word or ("began" if record.outcome == "running" else record.outcome)
    paragraphs = [f"{record.environment}: rollout {record.id} {word}"]
    if record.reason.strip():
        paragraphs.append(record.reason.strip())
    trailers = (
        ("Project", record.project_id),
        ("Environment", record.environment),
        ("Rollout", record.id),
        ("Kind", record.kind),
        ("Commit", record.commit),
        ("Outcome", record.outcome),
        ("Instances", ", ".join(record.instances)),
        ("Back-To", ", ".join(record.back_to)),
        ("Resumes", record.resumes),
        ("Superseded-By", record.superseded_by),
        ("Actor", record.actor),
        ("Tool", record.tool),
    )
    lines = [f"Agentgit-{key}: {' '.join(value.split())}" for key, value in trailers if value]
    return "\n\n".join([*paragraphs, "\n".join(lines)]) + "\n"


def _identity(actor: str) -> str:
    """Write an actor as Git wants an identity; agentgit's own where there is no name at all."""
    match = _ACTOR.fullmatch(" ".join(actor.split()))
    name, email = match.groups() if match else (actor, actor if "@" in actor else "")
    name, email = (re.sub(r"[<>\x00-\x1f\x7f]", "", part).strip() for part in (name, email))
    return f"{name or 'agentgit'} <{email or 'agentgit@localhost'}>"


def _timestamp(moment: datetime) -> str:
    return f"{int(moment.timestamp())} +0000"


def _as_file(text: str) -> bytes:
    return text.encode() + b"\n"

"""What the records say of an environment: what runs there, and what was tried and went back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentgit.model.rollout import RolloutRecord

_DEPLOYS = frozenset({"apply", "rollback", "restart"})
_HALF_WAY = frozenset({"running", "failed", "interrupted", "superseded"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the newest rollout of the whole environment has left it.

    `commit` is what runs, empty after a destroy; `back` says that a rollout went back to it;
    `since` is the record that says so. `without` are the instances that went back on their own.
    `disturbed`: a later rollout ended half way.
    """

    commit: str
    since: RolloutRecord
    back: bool = False
    disturbed: bool = False
    without: tuple[str, ...] = ()


def find_standing(records: Sequence[RolloutRecord]) -> Standing | None:
    """Find what runs; `records` newest first. None: nothing was ever applied to the end.

    A rollout of some instances only and the end of a pin say nothing of the whole.
    """
    disturbed = False
    for record in records:
        if record.outcome in _HALF_WAY and record.kind not in {"unpin", "break"}:
            disturbed = True
        if record.only:
            continue
        if record.outcome == "succeeded" and record.kind == "destroy":
            return Standing("", record, disturbed=disturbed)
        if record.outcome == "succeeded" and record.kind in _DEPLOYS and record.commit:
            return Standing(record.commit, record, disturbed=disturbed)
        if record.outcome == "partial" and record.kind in _DEPLOYS:
            failed = tuple(sorted({one.instance for one in record.failures}))
            return Standing(record.commit, record, disturbed=disturbed, without=failed)
        if record.outcome == "rolled-back" and len(record.back_to) == 1:
            return Standing(record.back_to[0], record, back=True, disturbed=disturbed)
    return None


def find_tried(records: Sequence[RolloutRecord], commit: str, intent: str) -> RolloutRecord | None:
    """Find the rollout of this commit, or of the same intent, that went back and stands last."""
    for record in records:
        same = record.commit == commit or (bool(intent) and record.intent == intent)
        if not same or record.kind not in _DEPLOYS or record.only:
            continue
        if record.outcome == "succeeded":
            return None
        if record.outcome in {"rolled-back", "partial"}:
            return record
    return None


def mark_abandoned(records: Sequence[RolloutRecord]) -> Iterator[tuple[RolloutRecord, bool]]:
    """Give each record, newest first, with whether it never ended although a newer one began."""
    for place, record in enumerate(records):
        yield record, record.outcome == "running" and place > 0

"""Pins: which one the records put in force, whether it holds, and what was followed last. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from agentgit.model.plan import Pin
from agentgit.model.rollout import RolloutRecord

_LIFTS = frozenset({"unpin", "destroy"})
_MOVES = frozenset({"apply", "rollback"})
_APPLIED = frozenset({"succeeded", "partial"})


def active_pin(records: Sequence[RolloutRecord]) -> Pin | None:
    """Find the pin in force; `records` of one environment, newest first.

    What lifts a pin: `unpin`, `destroy`, or an apply or rollback without a pin that succeeded at
    another commit: only a newer commit lets an apply leave the pin, and only a rollback to the
    commit that is followed sets none. A newer commit that failed
    leaves this to `pin_holds`.
    """
    applied: set[str] = set()
    for record in records:
        if record.outcome == "succeeded" and record.kind in _LIFTS:
            return None
        if record.pin is not None and _counts(record):
            return None if applied - {record.pin.commit} else record.pin
        if record.outcome in _APPLIED and record.kind in _MOVES and record.pin is None:
            applied.add(record.commit)
    return None


def pin_holds(pin: Pin, followed_commit: str, is_ancestor: Callable[[str, str], bool]) -> bool:
    """Whether the pin still holds, or the followed commit is newer than the one it replaced.

    `is_ancestor(older, newer)` tells whether `newer` contains `older`. A pin that `has_expired`
    does not hold either.
    """
    return followed_commit == pin.instead_of or is_ancestor(followed_commit, pin.instead_of)


def has_expired(pin: Pin, now: datetime) -> bool:
    """Whether the pin was set for a time, and that is over."""
    return pin.expires is not None and pin.expires <= now


def followed_line(records: Sequence[RolloutRecord]) -> str | None:
    """Find the commit that was applied last because the environment follows it.

    `records` newest first. What a pin brings in is no part of the line, and neither is what was
    applied to some instances only.
    """
    line: str | None = None
    pinned: str | None = None
    for record in reversed(records):
        if record.pin is not None and _counts(record):
            pinned = record.pin.commit
        elif record.outcome == "succeeded" and record.kind in _LIFTS:
            line, pinned = (None if record.kind == "destroy" else line), None
        elif (
            record.outcome in _APPLIED
            and record.kind in _MOVES
            and record.pin is None
            and not record.only
            and record.commit != pinned
        ):
            line, pinned = record.commit, None
    return line


def _counts(record: RolloutRecord) -> bool:
    """Whether the pin of a rollout stands after what became of it.

    A rollout that runs, was interrupted or failed for a reason outside of the revision has left
    replicas on both sides: going on to the pinned commit is what was asked for, and `unpin` is
    the way to ask for something else. When the pinned revision itself is at fault, it is not.
    """
    if record.outcome == "failed":
        return record.failure is None or record.failure.fault == "world"
    return record.outcome != "rolled-back"

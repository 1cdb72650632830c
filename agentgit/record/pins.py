"""Pins: which one the records put in force, and whether it still holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentgit.model.plan import Pin
from agentgit.model.rollout import RolloutRecord

_LIFTS = frozenset({"unpin", "destroy"})
_MOVES = frozenset({"apply", "rollback"})


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
        if record.outcome == "succeeded" and record.kind in _MOVES and record.pin is None:
            applied.add(record.commit)
    return None


def pin_holds(pin: Pin, followed_commit: str, is_ancestor: Callable[[str, str], bool]) -> bool:
    """Whether the pin still holds, or the followed commit is newer than the one it replaced.

    `is_ancestor(older, newer)` tells whether `newer` contains `older`.
    """
    return followed_commit == pin.instead_of or is_ancestor(followed_commit, pin.instead_of)


def _counts(record: RolloutRecord) -> bool:
    """Whether the pin of a rollout stands after what became of it.

    A rollout that runs, was interrupted or failed for a reason outside of the revision has left
    replicas on both sides: going on to the pinned commit is what was asked for, and `unpin` is
    the way to ask for something else. When the pinned revision itself is at fault, it is not.
    """
    if record.outcome == "failed":
        return record.failure is None or record.failure.fault == "world"
    return record.outcome != "rolled-back"

"""What execution asks of whoever holds the lease: may I, let go for a while, remember this.

One object for all of it, so that the interpreter knows neither lease nor host store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from agentgit.model.events import Superseded
from agentgit.model.steps import Hold, Stamp


class SupersededError(Exception):
    """Somebody else has gone on while the lease was laid aside; `by` says who and with what."""

    def __init__(self, by: Superseded) -> None:
        super().__init__(by.commit)
        self.by = by


class Guard(Protocol):
    """Stands between a rollout and every call that changes something. Used by several threads."""

    def check(self) -> None:
        """Raise LostLeaseError when nothing more may be changed. Never waits, never calls a host.

        Asked before every call that changes something and again and again by a step that waits,
        but not while the lease is laid aside.
        """

    def aside(self) -> AbstractContextManager[None]:
        """Let go of the lease for a pause, and take it again at the end, whatever happened in it.

        Its end raises SupersededError when somebody else took the lease meanwhile or what runs is
        not what it was: the rollout ends there, changes nothing more and takes nothing back.
        """

    def passed(self, hold: Hold) -> None:
        """Remember a pause that is over, under the lease. Raises LostLeaseError."""

    def renew_stamp(self, stamp: Stamp) -> Stamp:
        """Give a stamp the number that the lease has now: it grows with every pause."""

    def makes_way_for(self) -> Superseded | None:
        """Tell why the stop flag was set, where it was for somebody's newer commit."""


class NoGuard:
    """Allows everything and remembers in memory what has passed: for tests and rehearsals."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []

    def check(self) -> None:
        """Nothing is ever lost."""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """There is nothing to let go of."""
        yield

    def passed(self, hold: Hold) -> None:
        """Keep it."""
        self.holds.append(hold)

    def renew_stamp(self, stamp: Stamp) -> Stamp:
        """There is only one number."""
        return stamp

    def makes_way_for(self) -> Superseded | None:
        """Nobody."""
        return None

"""Waiting for a lease that somebody else holds, and asking for it where one's commit is newer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event as Flag

from agentgit.effects import Clock
from agentgit.errors import LeaseError
from agentgit.execute.lease_value import Seen, Times
from agentgit.execute.lease_watch import Watch
from agentgit.execute.wish import Descends, Wish, Wishes
from agentgit.model.events import LeaseAwaited
from agentgit.model.value import format_duration


@dataclass(frozen=True)
class Waiting:
    """How somebody waits: `patience` in seconds, `wish` where the holder may be asked."""

    environment: str
    clock: Clock
    times: Times
    patience: float
    wish: Wish | None
    descends: Descends
    stop: Flag


class Wait:
    """The whole wait of one taker; its patience counts from its beginning."""

    def __init__(self, waiting: Waiting, watch: Watch, wishes: Wishes) -> None:
        self._waiting = waiting
        self._watch = watch
        self._wishes = wishes
        self._began = waiting.clock.monotonic()
        self._patience = waiting.patience
        self._left: Wish | None = None

    def is_over(self) -> bool:
        """Whether there is no more patience with somebody who is at work."""
        return self._waiting.clock.monotonic() - self._began >= self._patience

    def until_free(self) -> Iterator[LeaseAwaited]:
        """Return when all are released or abandoned, or `stop` is set; tells once a holder.

        Raises LeaseError when one moves and there is no more patience.
        """
        told = ""
        try:
            while (busy := self._watch.busy()) and not self._waiting.stop.is_set():
                asked = self._ask(busy[0])
                if (name := _name(busy[0])) != told:
                    told = name
                    yield self._tell(busy, asked=asked)
                alive = next((one for one in busy if self._watch.is_alive(one.host)), None)
                if alive is not None and self.is_over():
                    raise refuse(alive, self._waiting.environment, self._waiting.times)
                self._waiting.clock.sleep(self._waiting.times.look)
                self._watch.look()
        finally:
            if self._left is not None:
                self._wishes.withdraw(self._left)
                self._left = None

    def _ask(self, seen: Seen) -> bool:
        """Leave the wish where the holder applies an older commit; then there is more patience."""
        wish, holder = self._waiting.wish, seen.holder
        self._patience = self._waiting.patience
        if wish is None or holder is None or not holder.yields:
            return False
        if not self._waiting.descends(holder.commit, wish.commit):
            return False
        self._patience = max(self._waiting.patience, self._waiting.times.way)
        self._wishes.leave(wish)
        self._left = wish
        return True

    def _tell(self, busy: tuple[Seen, ...], *, asked: bool) -> LeaseAwaited:
        return LeaseAwaited(
            environment=self._waiting.environment,
            hosts=tuple(one.host for one in busy),
            seconds=self._waiting.times.ttl,
            holder=busy[0].actor,
            asked=asked,
            patience=self._patience,
        )


def refuse(seen: Seen, environment: str, times: Times) -> LeaseError:
    """Say who is at work."""
    since = f" since {seen.holder.since}" if seen.holder and seen.holder.since else ""
    rollout = f"rollout {seen.holder.rollout}, " if seen.holder and seen.holder.rollout else ""
    return LeaseError(
        f"{environment} is being changed by {seen.actor}{since} ({rollout}seen on {seen.host})",
        hint="wait until that rollout has ended, or let --lock-timeout 10m wait for it; "
        f"an abandoned one is taken over after {format_duration(times.ttl)}",
    )


def _name(seen: Seen) -> str:
    return f"{seen.number} {seen.holder.rollout if seen.holder else ''}"

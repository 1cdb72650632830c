"""The lease of an environment on one host: taken, renewed by a heartbeat, put down."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread

from agentgit.effects import Clock, HostStore
from agentgit.errors import EngineError
from agentgit.execute.lease_value import (
    Holder,
    Seen,
    Times,
    list_leases,
    name_lease,
    read_newest,
    write_lease,
)

_TRIES = 3  # to put it down: others would wait for it in vain


@dataclass
class HostLease:
    """One host's part. `number` is 0 while it is not held.

    `renewed` is when the last renewal that succeeded was sent, on the holder's own clock;
    `trouble` is what has kept it from being renewed since.
    """

    host: str
    store: HostStore
    environment: str
    holder: Holder
    clock: Clock
    times: Times
    number: int = 0
    renewed: float = 0.0
    trouble: str = ""
    _done: Flag = field(default_factory=Flag)
    _beating: Thread | None = None

    def take(self, free: Seen) -> Seen | None:
        """Create the number after the newest, which was seen to be free; gives who was faster.

        Raises EngineError, also when it took so long that others may think it abandoned.
        """
        newest = read_newest(self.store, self.environment, self.host)
        if newest != free and not newest.released:
            return newest
        return self._create_after(newest)

    def seize(self) -> Seen | None:
        """Create the number after the newest, whoever holds that. Gives who was faster."""
        return self._create_after(read_newest(self.store, self.environment, self.host))

    def is_overdue(self) -> bool:
        """Whether no renewal has succeeded for so long that others may take over soon."""
        return self.number > 0 and self.clock.monotonic() > self.renewed + self.times.own

    def renew(self, beat: int) -> bool:
        """Count the heartbeat up; False when that was too late. Raises KeyError, EngineError."""
        began, due = self.clock.monotonic(), self.renewed + self.times.own
        self.store.write(self._name, write_lease(self.holder, beat))
        if self.clock.monotonic() > due:
            return False
        self.renewed, self.trouble = began, ""
        return True

    def keep_beating(self, beat: Callable[[int], None]) -> None:
        """Call `beat` with a growing number at every heartbeat, in a thread of its own."""
        self._done.clear()

        def run() -> None:
            count = 0
            while not self._done.wait(self.times.beat):
                count += 1
                beat(count)

        self._beating = Thread(target=run, daemon=True)
        self._beating.start()

    def stop_beating(self) -> None:
        """End the heartbeat."""
        self._done.set()
        if self._beating is not None:
            self._beating.join()
            self._beating = None

    def put_down(self, *, forget: bool, paused: bool) -> None:
        """Mark it as released, or forget it; a host that is away keeps it as it is."""
        for _ in range(_TRIES if self.number else 0):
            with suppress(EngineError):
                self._put_down(forget=forget, paused=paused)
                break
        self.number = 0

    def _create_after(self, newest: Seen) -> Seen | None:
        older = list_leases(self.store, self.environment)
        self.number, self.renewed = newest.number + 1, self.clock.monotonic()
        try:
            return self._create(older)
        except EngineError:  # nobody knows whether it was created
            self.put_down(forget=False, paused=False)
            raise

    def _put_down(self, *, forget: bool, paused: bool) -> None:
        if forget:
            self.store.delete(self._name)
            return
        with suppress(KeyError):  # somebody else has it
            self.store.write(
                self._name, write_lease(self.holder, -1, released=True, paused=paused)
            )

    def _create(self, older: tuple[str, ...]) -> Seen | None:
        won = self.store.create(self._name, write_lease(self.holder, 0))
        if won and list_leases(self.store, self.environment)[-1:] == (self._name,):
            for old in older:
                self.store.delete(old)
            return None
        if won:  # what was seen as free had meanwhile been taken and given back again
            self.store.delete(self._name)
        self.number = 0
        return read_newest(self.store, self.environment, self.host)

    @property
    def _name(self) -> str:
        return name_lease(self.environment, self.number)

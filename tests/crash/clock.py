"""A clock that passes only when somebody waits, and the heartbeats that come while it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock

from tests.builders import ManualClock
from tests.crash.mortal import KilledError


@dataclass(eq=False)
class Pulse:
    """One heartbeat: when it is due, how often it comes, and how often it came."""

    due: float
    every: float
    beat: Callable[[int], None]
    count: int = 0


class StageClock(ManualClock):
    """Calls whatever is due while time passes. `jump` moves the wall clock alone, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.pulses: list[Pulse] = []
        self.jump = 0.0
        self.on_sleep: Callable[[float], None] = lambda _: None
        self._lock = RLock()

    def now(self) -> datetime:
        """The wall clock."""
        return super().now() + timedelta(seconds=self.jump)

    def sleep(self, seconds: float) -> None:
        """Let time pass, with all that is due meanwhile."""
        with self._lock:
            end = self.seconds + seconds
        while (pulse := self._next(end)) is not None:
            try:
                pulse.beat(pulse.count)  # may itself make other processes run, and wait
            except KilledError:  # its process is no more
                self.drop(pulse)
        with self._lock:
            self.seconds = max(self.seconds, end)
        self.on_sleep(self.seconds)

    def _next(self, end: float) -> Pulse | None:
        with self._lock:
            due = [one for one in self.pulses if one.due <= end]
            if not due:
                return None
            pulse = min(due, key=lambda one: one.due)
            self.seconds = max(self.seconds, pulse.due)
            pulse.due += pulse.every
            pulse.count += 1
            return pulse

    def drop(self, pulse: Pulse) -> None:
        """End a heartbeat."""
        with self._lock:
            if pulse in self.pulses:
                self.pulses.remove(pulse)

"""The real clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

# Linux stops CLOCK_MONOTONIC while the machine sleeps, and with it the age of a lease.
_RUNS_ASLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps, and goes on while the machine sleeps."""
        return time.clock_gettime(_RUNS_ASLEEP)

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

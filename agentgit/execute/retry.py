"""Tries again what failed through no fault of the revision, with growing waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agentgit.effects import Clock
from agentgit.errors import EngineError

FIRST_WAIT = 0.5  # seconds; every wait is twice the one before
PATIENCE = 30.0  # seconds that the waits for one step may take together
_LOOK = 0.1  # seconds between two looks at whether to go on

Stopped = Callable[[], bool]
Told = Callable[[int, float, EngineError], None]  # attempt that failed, seconds to wait, why


def retry(attempt: Callable[[int], None], clock: Clock, stopped: Stopped, tell: Told) -> None:
    """Call `attempt` with 1, 2, ... until it succeeds.

    Raises the last EngineError when the patience is over, when trying again cannot help, and at
    once when `stopped` says so (which may itself raise: then that).
    """
    waits = grow_waits()
    number = 0
    while True:
        number += 1
        try:
            attempt(number)
        except EngineError as error:
            wait = None if error.is_definite else next(waits, None)
            if wait is None or stopped():
                raise
            tell(number, wait, error)
            if not sleep(wait, clock, stopped):
                raise
        else:
            return


def grow_waits() -> Iterator[float]:
    """Give the waits, in seconds; together they are PATIENCE."""
    wait, left = FIRST_WAIT, PATIENCE
    while left > 0:
        yield min(wait, left)
        wait, left = wait * 2, left - wait


def sleep(seconds: float, clock: Clock, stopped: Stopped) -> bool:
    """Wait, unless somebody asks to stop meanwhile; whether the wait came to its end."""
    end = clock.monotonic() + seconds
    while (left := end - clock.monotonic()) > 0:
        if stopped():
            return False
        clock.sleep(min(_LOOK, left))
    return True

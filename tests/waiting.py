"""Waiting for a condition, in the one place that does."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds; far more than anything here needs
_LOOK = 0.02  # seconds between two looks


def await_condition(
    condition: Callable[[], object],
    what: str = "a condition",
    *,
    seconds: float = PATIENCE,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Return as soon as the condition holds; `check` may fail the test earlier than the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        check()
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(_LOOK)


def await_end(pid: int, seconds: float = PATIENCE) -> None:
    """Return when a process has ended, be it a child or not."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([process], [], [], seconds)
        assert ended, f"process {pid} has not ended after {seconds:.0f} s"
    finally:
        os.close(process)

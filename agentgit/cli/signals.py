"""A first interrupt stops a rollout at a safe point, a second one at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event as Flag
from types import FrameType

STOPPING = "stopping at the next safe point; press Ctrl-C again to stop at once"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_interrupts(flag: Flag, *, quiet: bool) -> Iterator[None]:
    """Set the flag at the first SIGINT or SIGTERM; raise KeyboardInterrupt at the second.

    `quiet` is for a screen that says it itself. The message goes past Python's buffers, which a
    signal may have caught in the middle of a write.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()
        if not quiet:
            with suppress(OSError):
                os.write(2, f"{STOPPING}\n".encode())

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

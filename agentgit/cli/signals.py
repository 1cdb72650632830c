"""A first interrupt stops a rollout at a safe point, a second one at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from threading import Event as Flag
from threading import Timer
from types import FrameType

from agentgit.errors import Exit

STOPPING = "stopping at the next safe point; press Ctrl-C again to stop at once"
LEAVING = 5.0  # seconds for calls under way, the record and the lease; after that it just ends
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_interrupts(flag: Flag, *, quiet: bool) -> Iterator[None]:
    """Set the flag at the first SIGINT or SIGTERM; raise KeyboardInterrupt at the second.

    From then on the program ends after `LEAVING` seconds, or at the third one, whatever an engine
    or a remote is taking its time for: that is no worse than being killed. `quiet` is for a
    screen that says it itself. The message goes past Python's buffers, which a signal may have
    caught in the middle of a write.
    """
    numbers = count(1)
    leaving = Timer(LEAVING, _leave)
    leaving.daemon = True

    def stop(_number: int, _frame: FrameType | None) -> None:
        number = next(numbers)
        if number > 2:
            _leave()
        if number > 1:
            leaving.start()
            raise KeyboardInterrupt
        flag.set()
        if not quiet:
            with suppress(OSError):
                os.write(2, f"{STOPPING}\n".encode())

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        leaving.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave() -> None:
    os._exit(Exit.INTERRUPTED)

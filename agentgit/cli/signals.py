"""A first interrupt stops a rollout at a safe point, a second one at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from types import FrameType

from agentgit.cli.settings import talk

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_interrupts(flag: Flag) -> Iterator[None]:
    """Set the flag at the first SIGINT or SIGTERM; raise KeyboardInterrupt at the second."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()
        talk("stopping at the next safe point; press Ctrl-C again to stop at once")

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

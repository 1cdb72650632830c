"""Work in copies of this process, one for each further core. Implements `effects.Spread`.

A copy begins with everything that was loaded and read so far. Where there can be none, or one is
killed, its work is not done, and whoever began it does it again: nothing depends on a copy.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

_MOST = 8
_LEAST = 250  # a copy takes some ten milliseconds, which is about as many files


class Forks:
    """Copies of this process. It must have one thread only."""

    def __init__(self, size: int | None = None, least: int = _LEAST) -> None:
        self.size = _count_cores() if size is None else size
        self.least = least
        self._running: dict[int, int] = {}  # child and the pipe to listen to

    def begin(self, work: Callable[[], bytes]) -> Callable[[], bytes | None]:
        """Begin a piece of work; what is given waits for its result, None where it was lost."""
        try:
            out, into = os.pipe()
            child = os.fork() if _may_fork() else None
        except OSError:
            return lambda: None
        if child is None:
            os.close(out)
            os.close(into)
            return lambda: None
        if child == 0:
            _work(work, into)
        os.close(into)
        self._running[child] = out
        return lambda: self._listen(child)

    def close(self) -> None:
        """End what still works."""
        for child, out in self._running.items():
            os.close(out)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            _wait(child)
        self._running.clear()

    def _listen(self, child: int) -> bytes | None:
        out = self._running.pop(child, None)
        if out is None:
            return None
        with open(out, "rb") as answer:
            data = answer.read()
        return data if _wait(child) == 0 else None


def _work(work: Callable[[], bytes], into: int) -> None:
    """Be the copy: nothing of the parent's is ended, flushed or reported by it."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        data = work()
        with open(into, "wb") as answer:
            answer.write(data)
        code = 0
    finally:
        os._exit(code)


def _wait(child: int) -> int | None:
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return None


def _may_fork() -> bool:
    """A copy has only the thread that makes it, and the locks of all others."""
    threading = sys.modules.get("threading")
    return hasattr(os, "fork") and (threading is None or threading.active_count() == 1)


def _count_cores() -> int:
    """Count the cores that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST)

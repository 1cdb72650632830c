"""Time that passes only when everybody waits: a rollout of hours runs in a moment.

Jobs run in threads of their own, as the interpreter wants it, but one at a time: who sleeps hands
on to whoever wakes up next. So the same plan always gives the same course of events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from threading import Lock, Thread, local

_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)


class SimulatedClock:
    """Implements `effects.Clock`, and `side_by_side` of an execution."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: list[tuple[float, int, Lock]] = []  # when to wake up, whose turn
        self._order = count()
        self._mine = local()

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def now(self) -> datetime:
        """A day long ago, and as much later as has passed."""
        return _BEGIN + timedelta(seconds=self._now)

    def sleep(self, seconds: float) -> None:
        """Let others go on until it is time, and until what this thread expects has happened."""
        self.spend(max(seconds, getattr(self._mine, "expected", 0.0) - self._now))

    def spend(self, seconds: float) -> None:
        """Be at work for so long, whatever was expected before."""
        self._mine.expected = 0.0
        until, turn = self._now + seconds, self._turn()
        heappush(self._waiting, (until, next(self._order), turn))
        self._hand_on()
        turn.acquire()

    def expect(self, moment: float) -> None:
        """Say that this thread waits for what does not happen before: it need not look again.

        It holds for the next sleep; of several moments the last one counts.
        """
        self._mine.expected = max(moment, getattr(self._mine, "expected", 0.0))

    @contextmanager
    def side_by_side(self, jobs: Sequence[Callable[[], None]], workers: int) -> Iterator[None]:
        """Begin jobs, at most `workers` at a time; the end waits for all."""
        left = deque(jobs)
        threads = []
        for _ in range(min(max(1, workers), len(jobs))):
            turn = _taken()
            heappush(self._waiting, (self._now, next(self._order), turn))
            threads.append(Thread(target=self._work, args=(left, turn), daemon=True))
        for thread in threads:
            thread.start()
        self._hand_on()
        try:
            yield
        finally:
            for thread in threads:
                thread.join()

    def _work(self, left: deque[Callable[[], None]], turn: Lock) -> None:
        self._mine.turn = turn
        turn.acquire()
        try:
            while left:
                left.popleft()()
        finally:
            self._hand_on()

    def _hand_on(self) -> None:
        """Wake up who is next, which may be this very thread."""
        if self._waiting:
            self._now, _, turn = heappop(self._waiting)
            turn.release()

    def _turn(self) -> Lock:
        if not hasattr(self._mine, "turn"):
            self._mine.turn = _taken()
        turn: Lock = self._mine.turn
        return turn


def _taken() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock

"""Simulated time: it passes only where somebody waits, and always in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from agentgit.execute.simulation import SimulatedClock


def run(clock: SimulatedClock, *waits: float, workers: int = 16) -> list[tuple[float, float]]:
    """Let jobs wait side by side; gives (how long, when over) in the order in which they end."""
    ended: list[tuple[float, float]] = []

    def job(seconds: float) -> Callable[[], None]:
        def wait() -> None:
            clock.sleep(seconds)
            ended.append((seconds, clock.monotonic()))

        return wait

    with clock.side_by_side([job(seconds) for seconds in waits], workers):
        pass
    return ended


def test_jobs_wait_side_by_side_and_no_real_time_passes() -> None:
    clock, began = SimulatedClock(), time.monotonic()
    assert run(clock, 3600, 60, 7200) == [(60, 60), (3600, 3600), (7200, 7200)]
    assert clock.monotonic() == 7200
    assert time.monotonic() - began < 60


def test_no_more_jobs_run_than_there_are_workers() -> None:
    assert run(SimulatedClock(), 3, 1, 1, 1, workers=2) == [(1, 1), (1, 2), (3, 3), (1, 3)]


def test_the_same_jobs_always_run_in_the_same_order() -> None:
    first = run(SimulatedClock(), *[1, 2, 1, 3] * 25, workers=7)
    assert all(run(SimulatedClock(), *[1, 2, 1, 3] * 25, workers=7) == first for _ in range(5))


def test_who_expects_something_sleeps_until_then_and_once() -> None:
    clock = SimulatedClock()
    clock.expect(10)
    clock.sleep(0.1)
    assert clock.monotonic() == 10
    clock.sleep(0.5)
    assert clock.monotonic() == 10.5


def test_work_takes_its_time_whatever_was_expected() -> None:
    clock = SimulatedClock()
    clock.expect(10)
    clock.spend(1)
    clock.sleep(1)
    assert clock.monotonic() == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_fails_does_not_hold_up_the_others() -> None:
    clock = SimulatedClock()

    def fail() -> None:
        clock.sleep(1)
        raise RuntimeError

    with clock.side_by_side([fail, fail, lambda: clock.sleep(5)], workers=3):
        pass
    assert clock.monotonic() == 5


def test_there_may_be_nothing_to_do() -> None:
    clock = SimulatedClock()
    with clock.side_by_side([], workers=3):
        pass
    assert clock.monotonic() == 0
    assert (clock.now() - SimulatedClock().now()).total_seconds() == 0


def test_rounds_follow_each_other() -> None:
    clock = SimulatedClock()
    for _ in range(3):
        run(clock, 1, 2)
    assert clock.monotonic() == 6

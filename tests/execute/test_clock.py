from __future__ import annotations

import time

import pytest

from agentgit.execute.clock import SystemClock


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux tells them apart")
def test_a_machine_that_sleeps_grows_older(monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder that was asleep must not take its lease for a fresh one."""
    asked: list[int] = []
    monkeypatch.setattr(time, "clock_gettime", lambda clock: asked.append(clock) or 5.0)
    assert SystemClock().monotonic() == 5.0
    assert asked == [time.CLOCK_BOOTTIME]

"""What waiting for health takes for healthy, and how it words a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agentgit.errors import ReplicaError
from agentgit.execute.health import await_healthy
from agentgit.model.observed import Replica
from agentgit.model.steps import AwaitHealthy
from tests.builders import ManualClock

STEP = AwaitHealthy(host="eu-1", name="alpha-1", min_healthy_time=1.0, timeout=30.0)


class Looks:
    """A provider that gives one look after the other, the last one for ever."""

    def __init__(self, *looks: Replica) -> None:
        self._looks = list(looks)

    def replica(self, name: str) -> Replica:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]

    def knock(self) -> None:
        pass


def seen(**facts: Any) -> Replica:
    plain = {"state": "running", "host": "eu-1", "id": "1", "name": "alpha-1", "agent": "a"}
    rest = {"instance": "alpha", "slot": 1, "revision": "r", "commit": "c"}
    return Replica(**(plain | rest | facts))


def wait(*looks: Replica) -> float:
    """Wait for health and give the seconds it took."""
    provider: Any = Looks(*looks)
    clock = ManualClock()
    await_healthy(STEP, provider, clock, lambda: False)
    return clock.seconds


def test_a_restart_between_two_looks_begins_the_time_anew() -> None:
    assert wait(seen()) == pytest.approx(1.0, abs=0.11)
    assert wait(*[seen()] * 5, seen(restarts=1)) == pytest.approx(1.5, abs=0.11)
    assert wait(*[seen()] * 5, seen(started_at="later")) == pytest.approx(1.5, abs=0.11)


@pytest.mark.parametrize("last", ["running", "restarting"])
def test_a_crash_loop_names_the_exit_code_and_not_the_health_check(last: str) -> None:
    """Docker calls a container unhealthy that it is about to restart."""

    def crashes() -> Iterator[Replica]:
        for count in range(3):
            yield seen(restarts=count)
            yield seen(state="restarting", health="unhealthy", exit_code=3, restarts=count)
        yield seen(state=last, restarts=3)

    with pytest.raises(ReplicaError) as caught:
        wait(*crashes())
    assert caught.value.message == (
        "alpha-1 keeps crashing: restarted 3 times, last ended with exit code 3"
    )


def test_an_unhealthy_replica_that_runs_is_none() -> None:
    with pytest.raises(ReplicaError, match="alpha-1 is unhealthy: its health check says: 503"):
        wait(seen(health="starting"), seen(health="unhealthy", probe="503"))

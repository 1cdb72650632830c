from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from agentgit.providers.docker.calls import RefusedError
from agentgit.providers.docker.health_trigger import HealthTrigger
from agentgit.providers.docker.inspection import read_health


@dataclass
class Reply:
    answer: Any

    def json(self) -> Any:
        return self.answer


@dataclass
class FakePodman:
    """Runs a check when asked, and only then."""

    status: str = "healthy"
    runs: int = 0
    refuses: bool = False
    health: Any = field(default_factory=lambda: {"Status": "starting", "Log": None})

    def call(self, method: str, path: str, *, timeout: float) -> Reply:
        assert (method, path) == ("GET", "/libpod/containers/abc/healthcheck")
        assert timeout > 2.0
        if self.refuses:
            raise RefusedError("no", status=500, words="container is not running")
        self.run()
        return Reply(self.health)

    def run(self) -> None:
        self.runs += 1
        self.health = {"Status": self.status, "Log": [{"Start": f"run {self.runs}"}]}

    def inspect(self) -> dict[str, Any]:
        return {
            "Id": "abc",
            "State": {"Running": True, "Health": self.health},
            "Config": {
                "Healthcheck": {"Test": ["CMD", "x"], "Interval": 10 * 10**9, "Timeout": 2 * 10**9}
            },
        }


@dataclass
class Looking:
    engine: Any = field(default_factory=FakePodman)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.trigger = HealthTrigger(lambda: self.now)

    def at(self, second: float) -> str:
        self.now = 100.0 + second
        return read_health(self.trigger.refresh(self.engine, self.engine.inspect()))


@pytest.fixture
def looking() -> Looking:
    return Looking()


def test_the_first_check_comes_an_interval_after_the_first_look(looking: Looking) -> None:
    assert [looking.at(second) for second in (0, 5, 9.9)] == ["starting"] * 3
    assert looking.engine.runs == 0
    assert looking.at(10) == "healthy"
    assert looking.engine.runs == 1


def test_at_most_once_in_an_interval(looking: Looking) -> None:
    for second in range(60):
        looking.at(second)
    assert looking.engine.runs == 5


def test_a_change_is_seen(looking: Looking) -> None:
    looking.at(0)
    assert looking.at(10) == "healthy"
    looking.engine.status = "unhealthy"
    assert looking.at(19) == "healthy"
    assert looking.at(20) == "unhealthy"


def test_checks_that_someone_else_runs_are_enough(looking: Looking) -> None:
    for second in range(0, 100, 2):
        if second % 10 == 0:
            looking.engine.run()
        looking.at(second)
    assert looking.engine.runs == 10


def test_when_someone_else_stops_checking_we_begin(looking: Looking) -> None:
    looking.engine.run()
    looking.at(0)
    looking.at(19)
    assert looking.engine.runs == 1
    looking.at(20)
    assert looking.engine.runs == 2


def test_one_that_has_just_ended_is_not_blamed_on_the_engine(looking: Looking) -> None:
    looking.at(0)
    looking.engine.refuses = True
    assert looking.at(10) == "starting"

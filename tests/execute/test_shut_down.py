"""An engine that shuts down stops its replicas first, and answers as if they had ended alone."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event as Flag
from typing import Any

import pytest

from agentgit.execute.health import DOUBT
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.events import Event
from agentgit.model.steps import Stamp
from tests.builders import Fleet, ManualClock, make_desired, make_instance

STEADY = {"minHealthyTime": "10s"}
CANARY = {"strategy": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": "10s"}}]}


class Eventful(ManualClock):
    """Lets things happen once so many seconds have passed."""

    def __init__(self) -> None:
        super().__init__()
        self.due: dict[float, Callable[[], None]] = {}

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for moment in [one for one in self.due if one <= self.seconds]:
            self.due.pop(moment)()


def roll(
    rollout: dict[str, Any], restart: str, happen: Callable[[Fleet], None]
) -> tuple[Fleet, Execution, list[Event]]:
    """Roll a new image out, with something that happens 3 s after its replicas have started."""
    fleet = Fleet()
    words: dict[str, Any] = {"container": {"restart": restart}, "rollout": rollout}
    fleet.apply(make_desired(make_instance(**words)))
    fleet.clock = clock = Eventful()
    clock.due[3.0] = lambda: happen(fleet)
    desired = make_desired(make_instance(image="acme/support:2", **words), commit="c2")
    execution = Execution(
        dict(fleet.providers), fleet.clock, Stamp(rollout="r2", fence=1), stop=Flag(), workers=1
    )
    return fleet, execution, list(execute(fleet.plan(desired), execution))


def change(fleet: Fleet, **facts: object) -> None:
    """Change the new replicas behind everybody's back."""
    provider = fleet.providers["host-1"]
    for replica, _ in list(provider.engine.replicas.values()):
        if replica.rollout == "r2":
            provider._set(replica.name, **facts)


def shut_down(fleet: Fleet) -> None:
    fleet.providers["host-1"].shut_down(away_for=3)


@pytest.mark.parametrize("rollout", [STEADY, CANARY], ids=["watch", "pause"])
@pytest.mark.parametrize("restart", ["always", "unless-stopped"])
def test_the_rollout_goes_on_when_the_engine_is_back(
    rollout: dict[str, Any], restart: str
) -> None:
    fleet, execution, events = roll(rollout, restart, shut_down)
    assert execution.succeeded(), execution.failure
    assert "step-retried" in {event.kind for event in events}
    assert fleet.serving("support") == len(fleet.names()) == 2


@pytest.mark.parametrize("rollout", [STEADY, CANARY], ids=["watch", "pause"])
def test_after_an_outage_an_engine_that_still_goes_down_is_not_believed(
    rollout: dict[str, Any],
) -> None:
    """One connection is refused, and the next answer comes over one that was open before."""

    def fall(fleet: Fleet) -> None:
        shut_down(fleet)
        fleet.providers["host-1"].outage = 1

    fleet, execution, _ = roll(rollout, "always", fall)
    assert execution.succeeded(), execution.failure
    assert fleet.serving("support") == len(fleet.names()) == 2


@pytest.mark.parametrize("rollout", [STEADY, CANARY], ids=["watch", "pause"])
@pytest.mark.parametrize("restart", ["no", "on-failure"])
def test_what_nobody_starts_again_is_not_blamed(rollout: dict[str, Any], restart: str) -> None:
    _, execution, _ = roll(rollout, restart, shut_down)
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert "ended while its engine did not answer" in execution.failure.message
    assert not execution.given_up


@pytest.mark.parametrize("rollout", [STEADY, CANARY], ids=["watch", "pause"])
def test_what_ends_while_its_engine_is_there_is_blamed(rollout: dict[str, Any]) -> None:
    def end(fleet: Fleet) -> None:
        change(fleet, state="exited", exit_code=1, health="none")

    _, execution, _ = roll(rollout, "no", end)
    assert execution.failure is not None
    assert (execution.failure.fault, execution.failure.instance) == ("revision", "support")
    assert execution.failure.message.endswith("ended with exit code 1")


def test_a_replica_that_is_fine_at_the_second_look_is_watched_on() -> None:
    """Somebody has started it again meanwhile: its time begins anew."""

    def hiccup(fleet: Fleet) -> None:
        change(fleet, health="unhealthy")
        assert isinstance(fleet.clock, Eventful)
        fleet.clock.due[3.0 + DOUBT / 2] = lambda: change(fleet, health="none")

    fleet, execution, _ = roll(STEADY, "no", hiccup)
    assert execution.succeeded()
    assert fleet.clock.seconds > 3.0 + DOUBT + 10.0


def test_a_deadline_that_passes_while_the_engine_ends_is_no_verdict() -> None:
    def fall_ill(fleet: Fleet) -> None:
        fleet.providers["host-1"].away_for = 3
        change(fleet, health="starting")

    rollout = {"minHealthyTime": "5s", "healthyDeadline": "8s"}
    _, execution, events = roll(rollout, "no", fall_ill)
    told = [event.message for event in events if event.kind == "step-retried"]
    assert told[0] == "the engine does not answer"
    assert execution.failure is not None  # and then it has its time again, from the beginning
    assert "did not become healthy within 8s" in execution.failure.message
    assert execution.clock.monotonic() > 16.0

"""A canary's pause: looked at without the lease, remembered once it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from agentgit.errors import EngineError, LostLeaseError
from agentgit.execute.hooks import NoGuard, SupersededError
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.desired import Desired
from agentgit.model.events import Event, Superseded
from agentgit.model.steps import Hold, Stamp
from tests.builders import Fleet, ManualClock, make_desired, make_instance

CANARY = {
    "strategy": "canary",
    "steps": [{"setWeight": 50}, {"pause": {"duration": "1m"}}],
}


class Timed(ManualClock):
    """Does something once a moment has passed."""

    def __init__(self, moment: float, act: Callable[[], None]) -> None:
        super().__init__()
        self.moment = moment
        self.act: Callable[[], None] | None = act

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.act is not None and self.seconds >= self.moment:
            act, self.act = self.act, None
            act()


class Watching(NoGuard):
    """Tells when the lease is held, and may fail to get it back."""

    def __init__(self, ends_with: Exception | None = None) -> None:
        super().__init__()
        self.held = True
        self.asides = 0
        self.ends_with = ends_with
        self.lost = False

    def check(self) -> None:
        assert self.held, "asked without the lease"
        if self.lost:
            raise LostLeaseError("the lease was lost")

    @contextmanager
    def aside(self) -> Iterator[None]:
        self.held, self.asides = False, self.asides + 1
        try:
            yield
        finally:
            self.held = True
            if self.ends_with is not None:
                self.lost = isinstance(self.ends_with, SupersededError)
                raise self.ends_with

    def passed(self, hold: Hold) -> None:
        self.check()
        super().passed(hold)


def desired(version: int, **more: Any) -> Desired:
    policy = CANARY | more
    names = ("a", "b") if more else ("a",)
    instances = [make_instance(n, f"acme/{n}:{version}", 2, rollout=policy) for n in names]
    return make_desired(*instances, commit=f"c{version}")


def start(**more: Any) -> Fleet:
    fleet = Fleet()
    fleet.apply(desired(1, **more))
    return fleet


def run(fleet: Fleet, guard: NoGuard, **more: Any) -> tuple[Execution, list[Event]]:
    stamp = Stamp(rollout="r1", fence=1)
    execution = Execution(dict(fleet.providers), fleet.clock, stamp, guard=guard, workers=1)
    return execution, list(execute(fleet.plan(desired(2, **more)), execution))


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events if not event.kind.startswith("step-")]


def turn_bad(fleet: Fleet, instance: str) -> None:
    engine = fleet.engines["host-1"]
    for name, (replica, spec) in engine.replicas.items():
        if replica.instance == instance and replica.image.endswith(":2"):
            sick = replica.model_copy(update={"health": "unhealthy"})
            engine.replicas[name] = (sick, spec)


def test_the_lease_is_laid_aside_and_what_passed_is_remembered() -> None:
    guard = Watching()
    execution, events = run(start(), guard)
    assert execution.succeeded()
    assert guard.asides == 1
    ((passage,),) = [hold.passes for hold in guard.holds]
    old, new = (desired(n).instances[0].revision for n in (1, 2))
    assert passage.model_dump() == {"instance": "a", "old": old, "new": new, "weight": 50}
    assert kinds(events)[2:5] == ["hold-started", "hold-done", "wave-done"]


def test_a_short_outage_during_the_pause_is_waited_for() -> None:
    fleet = start()
    provider = fleet.providers["host-1"]
    fleet.clock = Timed(20, lambda: setattr(provider, "outage", 20))
    guard = Watching()
    execution, events = run(fleet, guard)
    assert execution.succeeded()
    assert sum(event.kind == "step-retried" for event in events) == 1
    assert guard.holds


def test_a_long_outage_during_the_pause_is_the_worlds_fault() -> None:
    fleet = start()
    provider = fleet.providers["host-1"]
    fleet.clock = Timed(20, lambda: setattr(provider, "outage", 10_000))
    guard = Watching()
    execution, _ = run(fleet, guard)
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert 50 <= fleet.clock.seconds < 52
    assert not guard.holds


def test_a_replica_that_its_engine_took_down_is_not_held_against_the_revision() -> None:
    fleet = start()
    engine, provider = fleet.engines["host-1"], fleet.providers["host-1"]

    def crash() -> None:
        provider.outage = 5
        for name, (replica, spec) in engine.replicas.items():
            ended = replica.model_copy(update={"state": "exited", "exit_code": 137})
            engine.replicas[name] = (ended, spec)

    fleet.clock = Timed(20, crash)
    execution, _ = run(fleet, Watching())
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert "ended while its engine did not answer" in execution.failure.message


def test_whoever_went_on_meanwhile_supersedes() -> None:
    by = Superseded(commit="f" * 40, actor="Li")
    fleet, guard = start(), Watching(SupersededError(by))
    execution, events = run(fleet, guard)
    assert execution.superseded == by
    assert not execution.succeeded()
    assert events[-1] == by
    assert not guard.holds
    assert sorted(one.image[-1] for one in fleet.observe().replicas) == ["1", "2"]


@pytest.mark.parametrize("error", [LostLeaseError("lost"), EngineError("away")])
def test_a_lease_that_cannot_be_taken_again_is_the_worlds_fault(error: EngineError) -> None:
    execution, events = run(start(), Watching(error))
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert "hold-done" not in kinds(events)


def test_the_pause_goes_on_without_what_fails_in_it() -> None:
    fleet = start(maxFailures=1)
    fleet.clock = Timed(20, lambda: turn_bad(fleet, "a"))
    guard = Watching()
    execution, events = run(fleet, guard, maxFailures=1)
    assert execution.given_up == {"a"}
    assert execution.failure is None
    assert 60 <= fleet.clock.seconds < 70
    assert [one.instance for hold in guard.holds for one in hold.passes] == ["b"]
    assert [event.moves for event in events if event.kind == "wave-started"] == [2, 1]
    assert sorted(one.image for one in fleet.observe().replicas) == [
        *("acme/a:1", "acme/a:2"),
        *("acme/b:2", "acme/b:2"),
    ]


def test_a_replica_that_is_gone_is_known_by_the_plan() -> None:
    fleet = start()
    engine = fleet.engines["host-1"]
    new = desired(2).instances[0].revision

    def remove() -> None:
        name = next(n for n, (one, _) in engine.replicas.items() if one.revision == new)
        del engine.replicas[name]

    fleet.clock = Timed(20, remove)
    execution, _ = run(fleet, Watching())
    assert execution.failure is not None
    assert (execution.failure.instance, execution.failure.revision) == ("a", new)
    assert execution.failure.fault == "revision"


def test_a_pause_with_one_failure_too_many_ends_the_rollout() -> None:
    fleet = start(maxFailures=1)

    def both() -> None:
        turn_bad(fleet, "a")
        turn_bad(fleet, "b")

    fleet.clock = Timed(20, both)
    guard = Watching()
    execution, _ = run(fleet, guard, maxFailures=1)
    assert execution.failure is not None
    assert {one.instance for one in execution.failures} == {"a", "b"}
    assert not guard.holds


def test_a_stop_for_a_newer_commit_says_so() -> None:
    by = Superseded(commit="f" * 40, actor="Li")

    class Wished(Watching):
        def makes_way_for(self) -> Superseded | None:
            return by

    fleet = start()
    stamp = Stamp(rollout="r1", fence=1)
    execution = Execution(dict(fleet.providers), fleet.clock, stamp, guard=Wished(), workers=1)
    events = []
    for event in execute(fleet.plan(desired(2)), execution):
        events.append(event)
        if event.kind == "wave-started":
            execution.stop.set()
    assert execution.superseded == by
    assert events[-1] == by
    assert [one.image[-1] for one in fleet.observe().replicas] == ["1", "1"]

"""The world's fault is tried again with growing waits; a definite refusal is not."""

from __future__ import annotations

from threading import Event as Flag

import pytest

from agentgit.errors import DefiniteError, EngineError, LostLeaseError
from agentgit.execute.hooks import NoGuard
from agentgit.execute.interpreter import Execution, execute
from agentgit.execute.retry import PATIENCE, grow_waits, retry
from agentgit.model.events import Event
from agentgit.model.steps import Stamp
from tests.builders import Fleet, ManualClock, make_desired, make_instance

OLD = make_desired(make_instance(replicas=1))
NEW = make_desired(make_instance(image="acme/support:2", replicas=1), commit="c2")


def run(
    fleet: Fleet, guard: NoGuard | None = None, stop: Flag | None = None
) -> tuple[Execution, list[Event]]:
    execution = Execution(
        dict(fleet.providers),
        fleet.clock,
        Stamp(rollout="r1", fence=1),
        stop=stop or Flag(),
        guard=guard or NoGuard(),
        workers=1,
    )
    return execution, list(execute(fleet.plan(NEW), execution))


def retries(events: list[Event]) -> list[tuple[str, int, float]]:
    return [(e.step, e.attempt, e.wait) for e in events if e.kind == "step-retried"]


def test_waits_double_and_end() -> None:
    waits = list(grow_waits())
    assert waits[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert sum(waits) == PATIENCE


@pytest.mark.parametrize("calls", [1, 3])
def test_a_short_outage_costs_waits_and_nothing_else(calls: int) -> None:
    fleet = Fleet()
    fleet.apply(OLD)
    fleet.providers["host-1"].outage = calls
    before = fleet.clock.seconds
    execution, events = run(fleet)
    assert execution.succeeded()
    assert [wait for _, _, wait in retries(events)] == [0.5, 1.0, 2.0][:calls]
    assert fleet.clock.seconds - before >= sum([0.5, 1.0, 2.0][:calls])
    assert fleet.plan(NEW).is_empty


def test_every_step_survives_that_its_answer_is_lost() -> None:
    fleet = Fleet()
    fleet.apply(OLD)
    provider = fleet.providers["host-1"]
    provider.after_call = lambda: setattr(provider, "lost_answers", 1)
    provider.lost_answers = 1
    execution, events = run(fleet)
    assert execution.succeeded()
    assert {step for step, _, _ in retries(events)} > {"create-replica", "stop-replica"}
    assert len(fleet.names()) == fleet.serving("support") == 1


def test_a_long_outage_is_the_worlds_fault_and_undone() -> None:
    fleet = Fleet()
    fleet.apply(OLD)
    before = fleet.names()
    provider = fleet.providers["host-1"]

    def refuse() -> None:
        provider.outage = 7 if provider.engine.calls[-1][0] == "create-replica" else 0

    provider.after_call = refuse
    execution, events = run(fleet)
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert execution.failure.message == "the engine does not answer"
    assert execution.given_up == frozenset()
    assert [step for step, _, _ in retries(events)] == ["start-replica"] * 6
    assert fleet.names() == before


def test_a_definite_refusal_is_not_tried_again() -> None:
    fleet = Fleet()
    fleet.apply(OLD)
    fleet.engines["host-1"].missing_images.add("acme/support:2")
    before = fleet.clock.seconds
    execution, events = run(fleet)
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert not retries(events)
    assert fleet.clock.seconds == before


def test_asking_to_stop_ends_the_waiting_at_once() -> None:
    fleet = Fleet()
    fleet.apply(OLD)
    provider, stop = fleet.providers["host-1"], Flag()
    provider.outage = 1000
    before = fleet.clock.seconds

    class Impatient(ManualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.seconds - before > 2:
                stop.set()

    fleet.clock = Impatient()
    fleet.clock.seconds = before
    run(fleet, stop=stop)
    assert 2 <= fleet.clock.seconds - before < 2.5


class Losing(NoGuard):
    """The lease is lost after a number of questions."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise LostLeaseError("the lease was lost")


def test_a_lost_lease_ends_the_waiting_and_nothing_more_is_done() -> None:
    fleet = Fleet()
    fleet.apply(OLD)
    fleet.providers["host-1"].outage = 3
    before = fleet.clock.seconds
    execution, events = run(fleet, Losing(after=5))
    assert execution.failure is not None
    assert execution.failure.message == "the lease was lost"
    assert not execution.interrupted
    assert fleet.clock.seconds - before < 0.5
    assert retries(events)


class Taken(NoGuard):
    """Somebody takes the lease after a number of engine calls; the rollout is told to stop."""

    def __init__(self, fleet: Fleet, after: int, stop: Flag) -> None:
        super().__init__()
        self.lost = after == 0
        self.calls = 0
        self.after = after
        self.stop = stop
        fleet.providers["host-1"].after_call = self.count

    def count(self) -> None:
        self.calls += 1
        if self.calls >= self.after:
            self.lost = True
            self.stop.set()

    def check(self) -> None:
        if self.lost:
            raise LostLeaseError("the lease was lost")


@pytest.mark.parametrize("policy", [{}, {"strategy": "recreate"}])
@pytest.mark.parametrize("after", range(7))
def test_without_the_lease_nothing_is_changed_not_even_back(
    after: int, policy: dict[str, str]
) -> None:
    fleet, stop = Fleet(), Flag()
    fleet.apply(make_desired(make_instance(replicas=1, rollout=policy)))
    guard = Taken(fleet, after, stop)
    new = make_instance(image="acme/support:2", replicas=1, rollout=policy)
    stamp = Stamp(rollout="r1", fence=1)
    execution = Execution(
        dict(fleet.providers), fleet.clock, stamp, stop=stop, guard=guard, workers=1
    )
    before = len(fleet.engines["host-1"].calls)
    events = list(execute(fleet.plan(make_desired(new, commit="c2")), execution))
    assert len(fleet.engines["host-1"].calls) - before == after
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert execution.failure.message == "the lease was lost"
    assert not execution.interrupted
    refused = [event for event in events if event.kind == "step-failed"]
    assert len(refused) <= 1


def test_a_wait_that_was_stopped_raises_what_it_waited_for() -> None:
    def fail(_: int) -> None:
        raise EngineError("away")

    with pytest.raises(EngineError, match="away"):
        retry(fail, ManualClock(), lambda: True, lambda *_: None)

    def refuse(_: int) -> None:
        raise DefiniteError("no")

    with pytest.raises(DefiniteError, match="no"):
        retry(refuse, ManualClock(), lambda: False, lambda *_: pytest.fail("tried again"))

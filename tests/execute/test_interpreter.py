from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentgit.execute.interpreter import Execution, execute
from agentgit.model.observed import Replica
from agentgit.model.steps import Stamp
from tests.builders import Fleet, ManualClock, make_desired, make_instance


def fleet_with(replicas: int = 2, **blocks: Any) -> Fleet:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=replicas, **blocks)))
    return fleet


def kinds(events: list[Any]) -> list[str]:
    return [event.kind for event in events]


def test_events_tell_the_whole_story() -> None:
    _, events = Fleet().apply(make_desired(make_instance(replicas=1)))
    story = [f"{e.kind} {getattr(e, 'step', '')}".strip() for e in events]
    assert story == [
        "step-started ensure-image",
        "step-done ensure-image",
        "step-started ensure-network",
        "step-done ensure-network",
        "prepare-done",
        "wave-started",
        "step-started create-replica",
        "step-done create-replica",
        "step-started start-replica",
        "step-done start-replica",
        "step-started await-healthy",
        "step-done await-healthy",
        "wave-done",
    ]


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [("unhealthy", "its health check fails"), ("ends", "ended with exit code 1")],
)
def test_a_bad_revision_is_blamed_and_undone(behaviour: str, message: str) -> None:
    fleet = fleet_with(replicas=2)
    before = fleet.observe().replicas
    fleet.behave(lambda _: behaviour)
    new = make_instance(image="acme/support:2", replicas=2)
    execution, events = fleet.apply(make_desired(new, commit="c2"))
    assert execution.failure is not None
    assert execution.failure.fault == "revision"
    assert message in execution.failure.message
    assert execution.failure.revision == new.revision
    assert execution.failure.log
    assert kinds(events)[-1] == "move-undone"
    assert fleet.observe().replicas == before


def test_an_engine_that_refuses_is_the_worlds_fault() -> None:
    fleet = fleet_with()
    fleet.engines["host-1"].missing_images.add("acme/support:2")
    new = make_instance(image="acme/support:2")
    execution, events = fleet.apply(make_desired(new, commit="c2"))
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert "wave-started" not in kinds(events)


def test_stop_first_takes_the_new_replica_back_when_it_fails() -> None:
    fleet = fleet_with(replicas=1, rollout={"strategy": "recreate"})
    fleet.behave(lambda spec: "ends" if ":2" in str(spec.container) else "healthy")
    new = make_instance(image="acme/support:2", replicas=1, rollout={"strategy": "recreate"})
    old = make_instance(replicas=1, rollout={"strategy": "recreate"})
    execution, _ = fleet.apply(make_desired(new, commit="c2"))
    assert not execution.ok()
    assert {one.revision for one in fleet.observe().replicas} == {old.revision}
    assert fleet.serving("support") == 1
    assert fleet.plan(make_desired(old)).is_empty


def test_a_move_under_way_goes_through_when_another_fails() -> None:
    """Stop-first, half a move is a gap in service: only the failing one is taken back."""
    recreate = {"strategy": "recreate"}
    fleet = Fleet()
    old = [make_instance(name, f"acme/{name}:1", 1, rollout=recreate) for name in ("bad", "good")]
    new = [make_instance(name, f"acme/{name}:2", 1, rollout=recreate) for name in ("bad", "good")]
    fleet.apply(make_desired(*old))
    fleet.behave(lambda spec: "unstartable" if "bad:2" in str(spec.container) else "healthy")
    for workers in (1, 4):
        execution, _ = fleet.run(fleet.plan(make_desired(*new, commit="c2")), workers=workers)
        assert not execution.ok()
        running = {one.instance: one.revision for one in fleet.observe().replicas if one.serving}
        assert running == {"bad": old[0].revision, "good": new[1].revision}


def test_a_replica_that_fails_while_held_ends_the_rollout() -> None:
    canary = {"strategy": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": "1m"}}]}
    fleet = fleet_with(replicas=2)
    new = make_instance(image="acme/support:2", replicas=2, rollout=canary)

    class Turning(ManualClock):
        """After half a minute the canary turns bad."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.seconds > 30:
                _turn_bad(fleet, lambda one: one.revision == new.revision)

    fleet.clock = Turning()
    execution, events = fleet.apply(make_desired(new, commit="c2"))
    assert execution.failure is not None
    assert execution.failure.step == "hold"
    assert execution.failure.replica.endswith("-1")
    assert [e.number for e in events if e.kind == "wave-started"] == [1]
    assert 30 < fleet.clock.seconds < 60


def _turn_bad(fleet: Fleet, chosen: Callable[[Replica], bool]) -> None:
    engine = fleet.engines["host-1"]
    for name, (replica, spec) in engine.replicas.items():
        if chosen(replica):
            engine.replicas[name] = (replica.model_copy(update={"health": "unhealthy"}), spec)


def test_a_replica_that_never_turns_healthy_runs_out_of_time() -> None:
    fleet = Fleet()
    policy = {"healthyDeadline": "20s"}
    desired = make_desired(make_instance(replicas=1, rollout=policy))
    provider = fleet.providers["host-1"]

    def stay_starting() -> None:
        for name, (replica, spec) in provider.engine.replicas.items():
            if replica.state == "running":
                starting = replica.model_copy(update={"health": "starting"})
                provider.engine.replicas[name] = (starting, spec)

    provider.after_call = stay_starting
    execution, _ = fleet.apply(desired)
    assert execution.failure is not None
    assert "did not become healthy within 20s" in execution.failure.message
    assert 20 <= fleet.clock.seconds < 21


def test_asking_to_stop_ends_at_a_safe_point() -> None:
    fleet = fleet_with(replicas=2)
    new = make_instance(image="acme/support:2", replicas=2)
    plan = fleet.plan(make_desired(new, commit="c2"))
    execution = Execution(dict(fleet.providers), fleet.clock, Stamp(rollout="r", fence=1))
    events = []
    for event in execute(plan, execution):
        events.append(event)
        if event.kind == "step-done" and event.step == "start-replica":
            execution.stop.set()
    assert execution.interrupted
    assert fleet.serving("support") == 2
    assert all(one.state == "running" for one in fleet.observe().replicas)
    assert kinds(events)[-1] == "move-undone"


def test_closing_the_generator_leaves_no_step_half_done() -> None:
    fleet = fleet_with(replicas=2)
    plan = fleet.plan(make_desired(make_instance(image="acme/support:2"), commit="c2"))
    execution = Execution(dict(fleet.providers), fleet.clock, Stamp(rollout="r", fence=1))
    running = execute(plan, execution)
    for event in running:
        if event.kind == "wave-started":
            break
    running.close()  # type: ignore[attr-defined]
    assert not execution.finished
    assert fleet.serving("support") >= 2


def test_a_bug_is_not_taken_for_a_failure() -> None:
    fleet = fleet_with()
    fleet.behave(lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        fleet.apply(make_desired(make_instance(image="acme/support:2"), commit="c2"))


def test_limits_change_one_after_another_and_go_back_when_they_harm() -> None:
    def limited(memory: str) -> Any:
        return make_instance(
            replicas=3, container={"deploy": {"resources": {"limits": {"memory": memory}}}}
        )

    fleet = Fleet()
    fleet.apply(make_desired(limited("64m")))
    before = {one.id for one in fleet.observe().replicas}
    provider = fleet.providers["host-1"]

    def starve() -> None:
        small = [
            n for n, (r, _) in provider.engine.replicas.items() if r.live.limits.memory == 12 << 20
        ]
        for name in small:
            replica, spec = provider.engine.replicas[name]
            provider.engine.replicas[name] = (
                replica.model_copy(update={"health": "unhealthy"}),
                spec,
            )

    provider.after_call = starve
    execution, events = fleet.apply(make_desired(limited("12m"), commit="c2"))
    assert execution.failure is not None
    assert execution.failure.fault == "revision"
    memory = [one.live.limits.memory for one in fleet.observe().replicas]
    assert memory == [64 << 20] * 3
    assert sum(e.kind == "step-started" and e.step == "update-replica" for e in events) == 2
    provider.after_call = lambda: None
    for name, (replica, spec) in provider.engine.replicas.items():
        healed = replica.model_copy(update={"health": "none"})
        provider.engine.replicas[name] = (healed, spec)
    execution, _ = fleet.apply(make_desired(limited("128m"), commit="c3"))
    assert execution.ok()
    assert {one.id for one in fleet.observe().replicas} == before

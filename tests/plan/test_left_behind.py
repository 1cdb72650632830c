"""What the crash matrix found: plans for states that only an interrupted rollout leaves."""

from __future__ import annotations

from typing import Any

from agentgit.model.desired import Instance
from agentgit.model.plan import Plan
from tests.builders import Fleet, make_desired, make_instance

ONE_LESS = {"maxSurge": 0, "maxUnavailable": 1}


def instance(tag: str, rollout: dict[str, Any], replicas: int = 3) -> Instance:
    blocks = {"container": {"healthcheck": {"test": "true"}}, "rollout": rollout}
    return make_instance("alpha", f"acme/agent:{tag}", replicas, **blocks)


def applied(rollout: dict[str, Any], replicas: int = 3) -> Fleet:
    fleet = Fleet()
    fleet.apply(make_desired(instance("1", rollout, replicas)))
    return fleet


def set_facts(fleet: Fleet, slot: int, **facts: object) -> str:
    """Change the replica of a slot by hand; gives its name."""
    (engine,) = fleet.engines.values()
    name, (replica, spec) = next(
        (name, found) for name, found in engine.replicas.items() if found[0].slot == slot
    )
    engine.replicas[name] = (replica.model_copy(update=facts), spec)
    return name


def add_twin(fleet: Fleet, slot: int, **facts: object) -> str:
    """Leave a second replica in a slot."""
    (engine,) = fleet.engines.values()
    name, (replica, spec) = next(
        (name, found) for name, found in engine.replicas.items() if found[0].slot == slot
    )
    twin = replica.model_copy(update={"id": engine.next_id(), "name": f"{name}9", **facts})
    engine.replicas[twin.name] = (twin, spec)
    return twin.name


def kinds(plan: Plan, wave: int = 0) -> list[tuple[str, str]]:
    """The steps of a wave's moves, in order, with what they are about."""
    steps = [step for move in plan.waves[wave].moves for step in move.steps]
    return [(step.kind, getattr(step, "name", "")) for step in steps]


def test_a_slot_that_does_not_serve_changes_first() -> None:
    fleet = applied(ONE_LESS)
    set_facts(fleet, 3, state="exited", health="none")
    plan = fleet.plan(make_desired(instance("2", ONE_LESS)))
    assert [move.slot for move in plan.moves] == [3, 1, 2]


def test_what_is_too_many_in_a_slot_goes_before_anything_is_created() -> None:
    fleet = applied({"maxSurge": 1}, replicas=1)
    spare = add_twin(fleet, 1, state="exited", health="none")
    plan = fleet.plan(make_desired(instance("2", {"maxSurge": 1}, replicas=1)))
    assert [kind for kind, name in kinds(plan)[:2] if name == spare] == [
        "stop-replica",
        "remove-replica",
    ]
    assert kinds(plan)[2][0] == "create-replica"


def test_what_serves_goes_only_when_what_was_started_beside_it_is_healthy() -> None:
    fleet = applied({"maxSurge": 1}, replicas=1)
    (old,) = fleet.names()
    new = add_twin(fleet, 1, health="starting", revision="2" * 64)
    wanted = instance("1", {"maxSurge": 1}, replicas=1)
    plan = fleet.plan(make_desired(wanted.model_copy(update={"revision": "2" * 64})))
    assert kinds(plan) == [("await-healthy", new), ("stop-replica", old), ("remove-replica", old)]


def test_what_still_starts_is_waited_for_before_another_is_stopped() -> None:
    fleet = applied(ONE_LESS)
    desired = make_desired(instance("1", ONE_LESS))
    name = set_facts(fleet, 1, health="starting")
    assert fleet.plan(desired).is_empty, "nobody is in the way"
    assert kinds(fleet.plan(desired, resumes="r0")) == [("await-healthy", name)]
    set_facts(fleet, 2, revision="0" * 64)
    plan = fleet.plan(desired)
    assert kinds(plan) == [("await-healthy", name)]
    assert [move.slot for move in plan.waves[1].moves] == [2]


def test_a_restart_starts_what_has_ended() -> None:
    fleet = applied(ONE_LESS)
    desired = make_desired(instance("1", ONE_LESS))
    name = set_facts(fleet, 2, state="created", health="starting")
    plan = fleet.plan(desired, restart=frozenset({"alpha"}))
    assert kinds(plan) == [("start-replica", name), ("await-healthy", name)]
    assert [move.slot for wave in plan.waves[1:] for move in wave.moves] == [1, 3]


def test_the_pause_of_a_canary_looks_at_what_was_left_of_it() -> None:
    steps = [{"setWeight": 33}, {"pause": {"duration": "10s"}}]
    rollout = {"strategy": "canary", "steps": steps}
    fleet = applied(rollout)
    wanted = instance("1", rollout).model_copy(update={"revision": "2" * 64})
    new = add_twin(fleet, 1, revision="2" * 64)
    plan = fleet.plan(make_desired(wanted))
    (hold,) = [wave.hold for wave in plan.waves if wave.hold]
    assert hold.replicas == (("host-1", new),)

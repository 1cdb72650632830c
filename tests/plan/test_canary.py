from __future__ import annotations

from agentgit.model.desired import Desired
from agentgit.model.progress import Passage
from agentgit.model.steps import AwaitHealthy, Stamp
from tests.builders import Fleet, make_desired, make_instance

CANARY = {"strategy": "canary", "steps": [{"setWeight": 25}, {"pause": {"duration": "2m"}}]}


def test_a_slot_that_holds_both_old_and_new_counts_as_done() -> None:
    """What a killed apply leaves when the canary is up and its old replica is not gone yet."""
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=4, rollout=CANARY)))
    new = make_desired(make_instance(image="acme/support:2", replicas=4, rollout=CANARY))
    provider = fleet.providers["host-1"]
    (canary,) = fleet.plan(new).waves[0].moves
    for step in canary.prepare:
        if not isinstance(step, AwaitHealthy):
            provider.perform(step, Stamp(rollout="killed", fence=1))
    assert len(fleet.names()) == 5
    plan = fleet.plan(new)
    assert [(wave.title, bool(wave.hold)) for wave in plan.waves][-2:] == [
        ("the rest", False),
        ("the rest", False),
    ]
    execution, _ = fleet.run(plan)
    assert execution.ok(), execution.failure
    assert fleet.plan(new).is_empty
    assert len(fleet.names()) == fleet.serving("support") == 4


def canary_of(version: int) -> Desired:
    image = f"acme/support:{version}"
    return make_desired(
        make_instance(image=image, replicas=4, rollout=CANARY), commit=f"c{version}"
    )


def begun() -> tuple[Fleet, Passage]:
    """The first share is up; and what is recorded once it was looked at."""
    fleet = Fleet()
    fleet.apply(canary_of(1))
    plan = fleet.plan(canary_of(2))
    assert plan.waves[0].hold is not None
    (passage,) = plan.waves[0].hold.passes
    fleet.run(plan.model_copy(update={"waves": plan.waves[:1]}))
    return fleet, passage


def test_a_pause_is_skipped_for_the_very_way_it_was_made_on() -> None:
    fleet, passage = begun()
    assert passage.weight == 25
    assert fleet.plan(canary_of(2), passages=frozenset({passage})).waves[0].hold is None
    others = (
        passage.model_copy(update={"new": canary_of(3).instances[0].revision}),
        passage.model_copy(update={"old": canary_of(3).instances[0].revision}),
        passage.model_copy(update={"instance": "other"}),
        passage.model_copy(update={"weight": 50}),
    )
    plan = fleet.plan(canary_of(2), passages=frozenset(others))
    assert plan.waves[0].hold is not None
    assert plan.passages == ()


def test_of_two_old_revisions_one_may_be_gone_already() -> None:
    fleet, passage = begun()
    both = ",".join(sorted([passage.old, canary_of(3).instances[0].revision]))
    wider = passage.model_copy(update={"old": both})
    plan = fleet.plan(canary_of(2), passages=frozenset({wider}))
    assert plan.waves[0].hold is None
    assert plan.passages == (wider,)


def test_a_restart_passes_nothing() -> None:
    fleet = Fleet()
    fleet.apply(canary_of(1))
    plan = fleet.plan(canary_of(1), restart=frozenset({"support"}))
    holds = [wave.hold for wave in plan.waves if wave.hold]
    assert holds
    assert not any(hold.passes for hold in holds)


def test_what_is_only_set_right_is_no_canary() -> None:
    """Three of four are kept as they are: there is nothing new that a pause could look at."""
    fleet = Fleet()
    fleet.apply(canary_of(1))
    provider = fleet.providers["host-1"]
    provider._set(fleet.names()[0], handmade=True)
    plan = fleet.plan(canary_of(1))
    assert [len(wave.moves) for wave in plan.waves] == [1]
    execution, _ = fleet.run(plan)
    assert execution.ok(), execution.failure
    assert fleet.plan(canary_of(1)).is_empty

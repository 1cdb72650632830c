from __future__ import annotations

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

"""Laws of planning and executing, for any desired state and any fault."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agentgit.errors import GuardError
from agentgit.model.desired import Desired, Instance
from agentgit.model.guards import GUARDS
from agentgit.model.plan import Plan
from tests.builders import Fleet, make_desired, make_instance

STRATEGIES = st.sampled_from(
    [
        {},
        {"strategy": "recreate"},
        {"maxSurge": 2},
        {"maxSurge": 0, "maxUnavailable": 1},
        {"maxSurge": "50%", "maxUnavailable": "25%"},
        {"strategy": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": "10s"}}]},
        {"strategy": "canary", "steps": [{"setWeight": 100}], "maxSurge": 3},
    ]
)
CONTAINERS = st.sampled_from(
    [
        {},
        {"ports": {"http": {"target": 8080}}, "healthcheck": {"test": "true"}},
        {"deploy": {"resources": {"limits": {"memory": "64m"}}}},
        {"deploy": {"resources": {"limits": {"memory": "128m"}}}},
        {"volumes": {"/data": {"name": "data"}}},
        {"networks": {"back": {}}},
    ]
)
INSTANCES = st.builds(
    lambda name, tag, replicas, rollout, container: make_instance(
        name, f"acme/{name}:{tag}", replicas, rollout=rollout, container=container
    ),
    st.sampled_from(["alpha", "beta", "gamma"]),
    st.integers(1, 3),
    st.integers(0, 4),
    STRATEGIES,
    CONTAINERS,
)


def _unique(instances: list[Instance]) -> Desired:
    return make_desired(*{one.name: one for one in instances}.values(), hosts=2)


DESIRED = st.lists(INSTANCES, min_size=1, max_size=3).map(_unique)
HISTORIES = st.lists(DESIRED, min_size=1, max_size=4)


def _plan(fleet: Fleet, desired: Desired) -> Plan:
    try:
        return fleet.plan(desired, allow=frozenset(GUARDS))  # laws of what is meant
    except GuardError:
        assume(False)  # a share that so few replicas cannot realise
        raise


@given(HISTORIES)
def test_second_plan_is_empty(history: list[Desired]) -> None:
    fleet = Fleet(hosts=2)
    for desired in history:
        execution, _ = fleet.run(_plan(fleet, desired))
        assert execution.ok(), execution.failure
        assert fleet.plan(desired).is_empty
        counts = {one.name: fleet.serving(one.name) for one in desired.instances}
        assert counts == {one.name: one.spec.scale.replicas for one in desired.instances}
        assert len(fleet.names()) == sum(counts.values())


@given(HISTORIES)
def test_same_input_gives_the_same_plan_and_survives_json(history: list[Desired]) -> None:
    fleet = Fleet(hosts=2)
    for desired in history:
        plan = _plan(fleet, desired)
        assert plan == _plan(fleet, desired)
        assert Plan.model_validate_json(plan.model_dump_json()) == plan
        fleet.run(plan)


@settings(max_examples=200)
@given(HISTORIES, st.integers(1, 30))
def test_any_failing_call_is_repaired_by_running_again(history: list[Desired], at: int) -> None:
    fleet = Fleet(hosts=2)
    for desired in history[:-1]:
        fleet.run(_plan(fleet, desired))
    for provider in fleet.providers.values():
        provider.fail_at = provider._calls + at
    fleet.run(_plan(fleet, history[-1]))
    for provider in fleet.providers.values():
        provider.fail_at = None
    execution, _ = fleet.run(_plan(fleet, history[-1]))
    assert execution.ok(), execution.failure
    assert fleet.plan(history[-1]).is_empty
    wanted = sum(one.spec.scale.replicas for one in history[-1].instances)
    assert len(fleet.names()) == wanted


@given(st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_start_first_never_serves_with_fewer(replicas: int, surge: int, fails: bool) -> None:  # noqa: FBT001
    fleet = Fleet()
    old = make_instance(replicas=replicas)
    fleet.apply(make_desired(old))
    new = make_instance(image="acme/support:2", replicas=replicas, rollout={"maxSurge": surge})
    least = [replicas]
    provider = fleet.providers["host-1"]
    provider.after_call = lambda: least.append(fleet.serving("support"))
    if fails:
        fleet.behave(lambda spec: "unhealthy" if ":2" in str(spec.container) else "healthy")
    execution, _ = fleet.apply(make_desired(new, commit="c2"))
    assert execution.ok() is not fails
    assert min(least) >= replicas
    revision = old.revision if fails else new.revision
    assert {one.revision for one in fleet.observe().replicas} == {revision}


@given(st.integers(1, 3), st.integers(1, 4))
def test_a_failing_prepare_leaves_everything_as_it_was(replicas: int, at: int) -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=replicas)))
    before = fleet.observe()
    provider = fleet.providers["host-1"]
    provider.fail_at = provider._calls + at
    new = make_instance(image="acme/support:2", replicas=replicas, rollout={"maxSurge": 4})
    plan = fleet.plan(make_desired(new, commit="c2"))
    prepares = len(plan.prepare) + 2 * replicas  # two engine calls in each prepare
    execution, _ = fleet.run(plan)
    assume(at <= prepares)
    assert not execution.ok()
    assert fleet.observe().replicas == before.replicas


@given(HISTORIES)
def test_going_back_ends_where_it_began(history: list[Desired]) -> None:
    fleet = Fleet(hosts=2)
    fleet.run(_plan(fleet, history[0]))
    facts = [(r.instance, r.slot, r.revision, r.live) for r in fleet.observe().replicas]
    for desired in history[1:]:
        fleet.run(_plan(fleet, desired))
    fleet.run(_plan(fleet, history[0]))
    again = [(r.instance, r.slot, r.revision, r.live) for r in fleet.observe().replicas]
    assert sorted(map(str, again)) == sorted(map(str, facts))

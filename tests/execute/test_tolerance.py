"""maxFailures: a few instances may fail, and the rollout goes on without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentgit.model.desired import Desired
from agentgit.model.steps import ReplicaSpec
from tests.builders import Fleet, make_desired, make_instance

NAMES = ("a", "b", "c", "d")


def desired(version: int, rollout: dict[str, Any], replicas: int = 2) -> Desired:
    instances = [
        make_instance(name, f"acme/{name}:{version}", replicas, rollout=rollout) for name in NAMES
    ]
    return make_desired(*instances, commit=f"c{version}")


def failing(*names: str) -> Callable[[ReplicaSpec], str]:
    """The new revision of these instances never comes up."""

    def behave(spec: ReplicaSpec) -> str:
        bad = spec.container is not None and spec.container.image in {f"acme/{n}:2" for n in names}
        return "ends" if bad else "healthy"

    return behave


def versions(fleet: Fleet) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in fleet.observe().replicas:
        found.setdefault(one.instance, []).append(one.image[-1] if one.serving else "-")
    return found


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("strategy", ["rolling", "recreate"])
def test_the_rollout_goes_on_without_what_failed(strategy: str, workers: int) -> None:
    policy = {"strategy": strategy, "maxFailures": 2}
    fleet = Fleet()
    fleet.apply(desired(1, policy))
    fleet.behave(failing("a", "c"))
    execution, events = fleet.run(fleet.plan(desired(2, policy)), workers=workers)
    assert execution.failure is None
    assert execution.finished
    assert not execution.succeeded()
    assert execution.given_up == {"a", "c"}
    assert versions(fleet) == {"a": ["1", "1"], "b": ["2", "2"], "c": ["1", "1"], "d": ["2", "2"]}
    given_up = [event for event in events if event.kind == "instance-given-up"]
    assert sorted(event.instance for event in given_up) == ["a", "c"]
    assert [(event.failed, event.tolerated) for event in given_up] == [(1, 2), (2, 2)]
    revisions = {one.name: one.revision for one in desired(2, policy).instances}
    assert {one.instance: one.revision for one in execution.failures} == {
        "a": revisions["a"],
        "c": revisions["c"],
    }


@pytest.mark.parametrize("workers", [1, 8])
def test_one_failure_too_many_ends_it(workers: int) -> None:
    policy = {"maxFailures": 2}
    fleet = Fleet()
    fleet.apply(desired(1, policy))
    fleet.behave(failing("a", "b", "c"))
    execution, events = fleet.run(fleet.plan(desired(2, policy)), workers=workers)
    assert execution.failure is not None
    assert execution.failure.fault == "revision"
    assert not [event for event in events if event.kind == "wave-done"]
    assert len(execution.failures) == 3
    assert versions(fleet) == {name: ["1", "1"] for name in NAMES}


def test_each_instance_says_how_many_may_have_failed() -> None:
    fleet = Fleet()
    careful = make_instance("a", "acme/a:1", 1)
    easy = make_instance("b", "acme/b:1", 1, rollout={"maxFailures": 5})
    fleet.apply(make_desired(careful, easy))
    careful = make_instance("a", "acme/a:2", 1)
    easy = make_instance("b", "acme/b:2", 1, rollout={"maxFailures": 5})
    plan = fleet.plan(make_desired(careful, easy, commit="c2"))
    assert plan.tolerated == {"b": 5}
    fleet.behave(failing("a"))
    execution, _ = fleet.run(plan)
    assert execution.failure is not None
    assert execution.failure.instance == "a"


def test_a_later_wave_leaves_out_what_was_given_up() -> None:
    """Its first replica changed, the second fails: what is changed stays until it goes back."""
    policy = {"maxFailures": 1}
    fleet = Fleet()
    fleet.apply(desired(1, policy, replicas=3))
    seen: list[str] = []

    def behave(spec: ReplicaSpec) -> str:
        seen.append(f"{spec.instance}{spec.slot}")
        return "ends" if (spec.instance, spec.slot) == ("b", 2) else "healthy"

    fleet.behave(behave)
    execution, events = fleet.apply(desired(2, policy, replicas=3))
    assert execution.given_up == {"b"}
    assert "b3" not in seen
    assert versions(fleet)["b"] == ["2", "1", "1"]
    assert versions(fleet)["d"] == ["2", "2", "2"]
    assert [event.moves for event in events if event.kind == "wave-started"] == [4, 4, 3]


def test_the_world_is_never_tolerated() -> None:
    policy = {"maxFailures": 3}
    fleet = Fleet()
    fleet.apply(desired(1, policy))
    plan = fleet.plan(desired(2, policy))
    provider = fleet.providers["host-1"]
    provider.fail_at = provider._calls + len(plan.prepare) + 1
    execution, _ = fleet.run(plan)
    assert execution.failure is not None
    assert execution.failure.fault == "world"
    assert execution.failure.instance == "a"
    assert not execution.given_up


def test_what_nobody_uses_is_kept_until_what_was_given_up_has_gone_back() -> None:
    policy = {"maxFailures": 1}
    fleet = Fleet()
    before = make_instance("a", "acme/a:1", 1, rollout=policy, container={"networks": {"old": {}}})
    fleet.apply(make_desired(before))
    new = make_instance("a", "acme/a:2", 1, rollout=policy)
    plan = fleet.plan(make_desired(new, commit="c2"))
    assert plan.cleanup
    fleet.behave(failing("a"))
    execution, events = fleet.run(plan)
    assert execution.given_up == {"a"}
    assert execution.failure is None
    assert not [event for event in events if getattr(event, "step", "") == "remove-leftover"]

"""A rehearsed plan: how long, how many at once, and who serves meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.image import AbsentImage
from agentgit.model.observed import Observed
from agentgit.model.rehearsal import Course, Rehearsal
from agentgit.plan.build import build_plan
from agentgit.plan.estimates import CALLS, ENDS, SPEED
from agentgit.plan.request import NoEvidence, PlanRequest
from agentgit.workflow.rehearse import rehearse
from tests.builders import Fleet, make_desired, make_instance

CHECK = {"test": "check", "interval": 5.0, "start_period": 8.0}
LIMIT = {"deploy": {"resources": {"limits": {"memory": "512m"}}}}
CREATE, START, STOP, REMOVE = (
    CALLS[step] * SPEED["docker"]
    for step in ("create-replica", "start-replica", "stop-replica", "remove-replica")
)
AROUND = CALLS["ensure-image"] + CALLS["ensure-network"]  # before anything is created
BEFORE = {"image": "acme/support:1", "container": {"healthcheck": CHECK, **LIMIT}}
AFTER: dict[str, Any] = {**BEFORE, "image": "acme/support:2"}
SERVES = {"strategy": "rolling", "minHealthyTime": "2s"}


def observe(*, hosts: int = 1, engine: str = "docker", **before: Any) -> Observed:
    """What runs after the first apply, as if on another kind of engine."""
    fleet = Fleet(hosts=hosts)
    fleet.apply(make_desired(make_instance(**before), hosts=hosts))
    seen = fleet.observe()
    states = tuple(one.model_copy(update={"engine": engine}) for one in seen.hosts)
    return seen.model_copy(update={"hosts": states})


def go(observed: Observed, *, hosts: int = 1, **after: Any) -> Rehearsal:
    desired = make_desired(make_instance(**after), commit="c2", hosts=hosts)
    request = PlanRequest(allow=frozenset({"replaced", "removed"}))
    return rehearse(build_plan(desired, observed, request, NoEvidence()), desired, observed)


def test_one_replica_after_another() -> None:
    found = go(observe(**BEFORE), **AFTER, rollout=SERVES)
    # Half of the start period is 4 seconds; an engine looks after 5, and 2 are to be healthy.
    one = CREATE + START + 5 + 2 + STOP + ENDS + REMOVE
    assert found.seconds == pytest.approx(AROUND + 2 * one)
    assert found.waves == (pytest.approx(one), pytest.approx(one))
    assert (found.replicas, found.memory, found.unlimited) == (3, 3 * 512 * 1024**2, 0)
    assert (found.failure, found.pulls) == ("", 0)


def test_what_has_to_be_pulled_is_counted_not_estimated() -> None:
    observed = observe(**BEFORE)
    desired = make_desired(make_instance(**AFTER), commit="c2")
    plan = build_plan(desired, observed, PlanRequest(), NoEvidence())
    absent = (AbsentImage(name="acme/support:2", hosts=("eu-1",)),)
    found = rehearse(plan.model_copy(update={"absent_images": absent}), desired, observed)
    assert (found.pulls, found.seconds) == (1, rehearse(plan, desired, observed).seconds)


def test_two_revisions_serve_from_the_first_new_to_the_last_old_one() -> None:
    (course,) = go(observe(**BEFORE), **AFTER, rollout=SERVES).courses
    # From the moment the first new one is healthy until the second old one is asked to end.
    first = 2 + STOP + ENDS + REMOVE
    second = CREATE + START + 5 + 2
    assert (course.before, course.least, course.after) == (2, 2, 2)
    assert course.mixed == pytest.approx(first + second)


def test_stop_first_serves_with_fewer() -> None:
    policy = {"strategy": "recreate", "minHealthyTime": "2s"}
    found = go(observe(**BEFORE), **AFTER, rollout=policy)
    assert found.courses == (Course(instance="support", before=2, least=0, after=2),)
    assert found.replicas == 2
    assert found.seconds == pytest.approx(AROUND + CREATE + STOP + ENDS + START + 5 + 2 + REMOVE)


def test_a_pause_is_part_of_it_and_costs_nothing_to_rehearse() -> None:
    steps = [{"setWeight": 50}, {"pause": {"duration": "720h"}}]
    policy = {"strategy": "canary", "steps": steps, "minHealthyTime": "2s"}
    with_pause = go(observe(**BEFORE), **AFTER, rollout=policy)
    without = go(observe(**BEFORE), **AFTER, rollout=SERVES)
    assert with_pause.seconds == pytest.approx(without.seconds + 720 * 3600)
    assert with_pause.waves[0] == pytest.approx(without.waves[0] + 720 * 3600)


def test_what_cannot_end_well_is_said() -> None:
    policy = {"strategy": "rolling", "minHealthyTime": "2s", "healthyDeadline": "4s"}
    found = go(observe(**BEFORE), **AFTER, rollout=policy)
    assert found.failure.startswith("support: ")
    assert "did not become healthy within 4s" in found.failure
    assert found.courses == (Course(instance="support", before=2, least=2, after=2),)


def test_processes_are_looked_at_all_the_time_and_need_no_engine() -> None:
    slow = go(observe(**BEFORE), **AFTER, rollout=SERVES)
    quick = go(observe(**BEFORE, engine="podman"), **AFTER, rollout=SERVES)
    assert quick.seconds > slow.seconds  # its calls take longer
    process = {**AFTER, "process": {"source": "agents", "command": ["run"]}}
    found = go(observe(**BEFORE, engine="process"), **process, rollout=SERVES)
    assert found.failure == ""
    assert found.seconds < slow.seconds


def test_more_moves_than_workers_take_turns() -> None:
    policy = {"strategy": "recreate", "minHealthyTime": "2s"}
    few = go(observe(**BEFORE, replicas=16), **AFTER, replicas=16, rollout=policy)
    many = go(observe(**BEFORE, replicas=32), **AFTER, replicas=32, rollout=policy)
    assert many.seconds - AROUND == pytest.approx(2 * (few.seconds - AROUND))
    assert (few.replicas, many.replicas) == (16, 32)


def test_what_declares_no_limit_is_counted() -> None:
    before = {**BEFORE, "container": {"healthcheck": CHECK}}
    found = go(observe(**before), **AFTER, rollout=SERVES)
    assert (found.memory, found.unlimited) == (2 * 512 * 1024**2, 2)


def test_several_hosts_and_a_removal_and_a_new_one() -> None:
    observed = observe(**BEFORE, hosts=2)
    found = go(observed, hosts=2, **{**AFTER, "name": "other"}, rollout=SERVES)
    assert found.failure == ""
    other, support = found.courses
    assert (other.before, other.least, other.after) == (0, 0, 2)
    assert (support.before, support.least, support.after) == (2, 0, 0)
    assert found.replicas == 4


def test_it_is_the_same_every_time() -> None:
    observed = observe(**BEFORE, replicas=40)
    first = go(observed, **AFTER, replicas=40, rollout=SERVES)
    assert all(go(observed, **AFTER, replicas=40, rollout=SERVES) == first for _ in range(3))

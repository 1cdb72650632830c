"""Baselines from plan to apply: taken under the lease, compared ever after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.model.baseline import Baseline
from agentgit.model.events import WaveDone
from agentgit.model.observed import Replica
from agentgit.pipeline import apply_plan, prepare_plan
from tests.builders import PROJECT_ID

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project

NAME = "baselines-production"


def read(project: Project) -> Baseline:
    raw = project.engine.stores[PROJECT_ID].read(NAME)
    assert raw is not None
    return Baseline.model_validate_json(raw)


def tamper(project: Project, **facts: str) -> Replica:
    """Change facts of the first replica by hand."""
    first = project.replicas()[0]
    _, spec = project.engine.replicas[first.name]
    changed = first.model_copy(update={"facts": {**first.facts, **facts}})
    project.engine.replicas[first.name] = (changed, spec)
    return first


def test_an_apply_takes_a_baseline_of_all_it_started(project: Project) -> None:
    project.apply()
    assert {key: dict(facts) for key, facts in read(project).facts.items()} == {
        one.id: dict(one.facts) for one in project.replicas()
    }
    plan = project.plan().plan
    assert plan is not None
    assert plan.is_empty
    assert not plan.unverified


def test_a_baseline_is_there_when_the_wave_is_over(project: Project) -> None:
    with prepare_plan(project.open(), project.request()) as session:
        for event in apply_plan(session):
            if isinstance(event, WaveDone):
                assert read(project).facts.keys() == project.ids()
                return
    raise AssertionError("no wave came to its end")


def test_a_baseline_forgets_what_is_gone(project: Project) -> None:
    project.apply()
    before = project.ids()
    project.prompt("Be brief.")
    project.apply()
    assert read(project).facts.keys() == project.ids()
    assert not before & project.ids()
    project.apply(kind="destroy")
    assert project.engine.stores[PROJECT_ID].read(NAME) is None


def test_what_somebody_changed_is_replaced_with_a_new_baseline(project: Project) -> None:
    project.apply()
    changed = tamper(project, cpuset="0")
    plan = project.plan().plan
    assert plan is not None
    (change,) = (one for one in plan.changes if one.kind != "keep")
    (cause,) = change.causes
    assert (cause.kind, "cpuset not set -> 0" in cause.detail) == ("drift", True)
    project.apply()
    assert changed.id not in project.ids()
    assert read(project).facts.keys() == project.ids()
    again = project.plan().plan
    assert again is not None
    assert again.is_empty


def test_what_can_be_is_set_back_in_place(project: Project) -> None:
    project.apply()
    changed = tamper(project, memory_swap="256")
    plan = project.plan().plan
    assert plan is not None
    (change,) = (one for one in plan.changes if one.kind != "keep")
    assert change.kind == "update"
    assert [one.kind for one in change.causes] == ["drift"]
    assert "memory_swap not set -> 256, set back in place" in change.causes[0].detail
    project.apply()
    assert changed.id in project.ids()


def test_a_lost_baseline_is_said_and_taken_anew(project: Project) -> None:
    project.apply()
    project.engine.stores[PROJECT_ID].delete(NAME)
    changed, before = tamper(project, cpuset="0"), project.ids()
    plan = project.plan().plan
    assert plan is not None
    assert plan.is_empty
    assert len(plan.unverified) == 3
    assert project.apply()[0] == "succeeded"
    assert project.ids() == before
    assert read(project).facts[changed.id]["cpuset"] == "0"
    again = project.plan().plan
    assert again is not None
    assert not again.unverified


def test_a_damaged_baseline_is_a_lost_one(project: Project) -> None:
    project.apply()
    project.engine.stores[PROJECT_ID].write(NAME, b'{"facts": 3')
    plan = project.plan().plan
    assert plan is not None
    assert plan.is_empty
    assert len(plan.unverified) == 3
    project.apply()
    assert read(project).facts.keys() == project.ids()


def test_a_change_between_plan_and_apply_makes_the_plan_stale(project: Project) -> None:
    project.apply()
    before = project.plan().plan
    tamper(project, cpuset="0")
    after = project.plan().plan
    assert before is not None
    assert after is not None
    assert before.observed_digest != after.observed_digest

"""Baselines from plan to apply: taken under the lease, compared ever after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.model.baseline import Baseline
from agentgit.model.events import WaveDone
from agentgit.model.observed import Replica
from agentgit.pipeline import apply_plan, prepare_plan
from agentgit.providers.memory_engine import MemoryStore
from agentgit.report.drift_text import write_drift
from agentgit.report.json_v1_drift import drift_document
from agentgit.workflow.baselines import note_baselines
from agentgit.workflow.drift import find_drift
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


class NotingStore(MemoryStore):
    """Knows which values were read."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self._values = store._values
        self.asked: set[str] = set()

    def read(self, name: str) -> bytes | None:
        self.asked.add(name)
        return super().read(name)


def test_a_baseline_is_read_only_where_something_has_changed(project: Project) -> None:
    project.apply()
    stores = project.engine.stores
    store = stores[PROJECT_ID] = NotingStore(stores[PROJECT_ID])
    plan = project.plan().plan
    assert plan is not None
    assert (plan.is_empty, NAME in store.asked) == (True, False)
    tamper(project, cpuset="0")
    plan = project.plan().plan
    assert plan is not None
    assert (plan.is_empty, NAME in store.asked) == (False, True)


class OldStore(NotingStore):
    """What is in it was written by an older agentgit."""

    def fingerprint(self, name: str) -> None:
        assert name == NAME


def test_a_baseline_without_a_fingerprint_is_read(project: Project) -> None:
    project.apply()
    stores = project.engine.stores
    store = stores[PROJECT_ID] = OldStore(stores[PROJECT_ID])
    plan = project.plan().plan
    assert plan is not None
    assert (plan.is_empty, plan.unverified, NAME in store.asked) == (True, (), True)


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
    changed = tamper(project, memory_swap="268435456")
    plan = project.plan().plan
    assert plan is not None
    (change,) = (one for one in plan.changes if one.kind != "keep")
    assert change.kind == "update"
    assert [one.kind for one in change.causes] == ["drift"]
    assert "memory_swap not set -> 256m, set back in place" in change.causes[0].detail
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


def forge(project: Project, name: str = "") -> Replica:
    """Make a replica by hand: the labels of our first one, and another container."""
    first = project.replicas()[0]
    _, spec = project.engine.replicas[first.name]
    twin = first.model_copy(
        update={
            "id": project.engine.next_id(),
            "name": name or first.name,
            "health": "none",
            "facts": {**first.facts, "name": name or first.name, "command": "sleep"},
        }
    )
    project.engine.replicas[twin.name] = (twin, spec)
    return first


def test_a_replica_made_by_hand_is_never_preferred_to_ours(project: Project) -> None:
    project.apply()
    before = project.ids()
    forge(project, "acme-0-first-of-all")
    plan = project.plan().plan
    assert plan is not None
    (change,) = (one for one in plan.changes if one.kind != "keep")
    assert [one.kind for one in change.causes] == ["surplus"]
    assert "acme-0-first-of-all (made by hand) goes" in change.causes[0].detail
    assert project.apply()[0] == "succeeded"
    assert project.ids() == before
    assert read(project).facts.keys() == before


def test_a_replica_that_took_the_place_of_ours_is_no_lost_baseline(project: Project) -> None:
    project.apply()
    first = forge(project)
    forged = project.replicas()[0]
    assert (forged.name, forged.id == first.id) == (first.name, False)
    drift = find_drift(project.open(), "production").plan
    (change,) = (one for one in drift.changes if one.kind != "keep")
    assert [one.kind for one in change.causes] == ["drift"]
    assert f"{first.name} was made by hand" in change.causes[0].detail
    assert project.apply()[0] == "succeeded"
    assert forged.id not in project.ids()
    assert len(project.ids()) == 3
    assert read(project).facts.keys() == project.ids()
    again = project.plan().plan
    assert again is not None
    assert again.is_empty


def test_what_a_killed_rollout_made_is_not_made_by_hand(project: Project) -> None:
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request()) as session:
        for event in apply_plan(session):
            if event.kind == "step-done" and event.step == "await-healthy":
                break  # its baseline is not taken yet
        kept = dict(project.engine.stores[PROJECT_ID]._values)
        made = dict(project.engine.replicas.items())
    assert made
    project.engine.stores[PROJECT_ID]._values = kept
    plan = project.plan().plan
    assert plan is not None
    assert not any("by hand" in cause.detail for one in plan.changes for cause in one.causes)


def test_drift_says_that_a_baseline_is_missing(project: Project) -> None:
    project.apply()
    project.engine.stores[PROJECT_ID].delete(NAME)
    drift = find_drift(project.open(), "production")
    text = write_drift(drift.plan, drift.records, now=project.clock.now())
    assert text.startswith("No drift that can be seen in production")
    assert "3 replicas are unverified" in text
    assert len(drift_document(drift.plan)["unverified"]) == 3


def test_baselines_that_were_lost_on_the_way_are_taken_of_all(project: Project) -> None:
    project.apply()
    project.engine.stores[PROJECT_ID].delete(NAME)
    session = project.plan()
    one = project.replicas()[0]
    note_baselines(session.providers, session.observed, (one,), ())
    assert read(project).facts.keys() == project.ids()  # else the others were made by hand

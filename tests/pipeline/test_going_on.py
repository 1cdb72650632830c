"""What a rollout keeps: the pauses it has passed, and the instances that did not fail."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.pipeline import apply_plan, prepare_plan

CANARY = """
kind: Instance
metadata: {name: alpha}
spec:
  agent: support
  scale: {replicas: 4}
  config: {language: %s}
  rollout:
    strategy: canary
    steps: [{setWeight: 25}, {pause: {duration: 2m}}, {setWeight: 50}, {pause: {duration: 5m}}]
"""
ALPHA = "environments__production__instances__alpha"
BETA = "environments__production__instances__beta"


def start(project: Any) -> None:
    project.commit("A canary", **{ALPHA: CANARY % "en"})
    assert project.apply()[0] == "succeeded"
    project.commit("German", **{ALPHA: CANARY % "de"})


def leave_at(project: Any, kind: str, count: int = 1, **words: Any) -> None:
    """Apply until the nth event of a kind, and go away."""
    with prepare_plan(project.open(), project.request(**words)) as session:
        project.clock.seconds += 1
        running = apply_plan(session)
        for event in running:
            count -= event.kind == kind
            if count == 0:
                break
        running.close()  # type: ignore[attr-defined]


def holds(project: Any) -> list[float]:
    plan = project.plan().plan
    return [wave.hold.duration for wave in plan.waves if wave.hold]


def values(project: Any) -> list[str]:
    (store,) = project.engine.stores.values()
    return [name for name in store.names("") if name.startswith("progress-")]


def test_a_passed_pause_is_not_repeated(project: Any) -> None:
    start(project)
    assert holds(project) == [120.0, 300.0]
    leave_at(project, "hold-done")
    assert values(project) == ["progress-production"]
    assert holds(project) == [300.0]
    assert [one.weight for one in project.plan().plan.passages] == [25]
    leave_at(project, "hold-done")
    assert holds(project) == []
    began = project.clock.seconds
    assert project.apply()[0] == "succeeded"
    assert project.clock.seconds - began < 60
    assert values(project) == []


def test_a_pause_that_was_not_over_is_repeated(project: Any) -> None:
    start(project)
    leave_at(project, "hold-started")
    assert holds(project)[0] == 120.0


def test_a_newer_commit_that_leaves_it_alone_keeps_what_was_passed(project: Any) -> None:
    start(project)
    leave_at(project, "hold-done")
    beta = "kind: Instance\nmetadata: {name: beta}\nspec: {agent: support, config: {a: 1}}\n"
    project.commit("Something else", **{BETA: beta})
    assert holds(project) == [300.0]
    assert project.apply(only=("beta",))[0] == "succeeded"
    assert holds(project) == [300.0]
    assert values(project) == ["progress-production"]
    project.commit("French", **{ALPHA: CANARY % "fr"})
    assert holds(project) == [120.0, 300.0]
    leave_at(project, "prepare-done")
    assert values(project) == []


def test_a_newer_commit_that_changes_it_begins_anew_and_back_again_too(project: Any) -> None:
    """German was looked at; meanwhile French: what was seen of German is forgotten."""
    start(project)
    leave_at(project, "hold-done")
    project.commit("French", **{ALPHA: CANARY % "fr"})
    leave_at(project, "hold-started")
    project.commit("German", **{ALPHA: CANARY % "de"})
    assert holds(project) == [120.0, 300.0]


def test_what_was_passed_is_forgotten_when_it_goes_back(project: Any) -> None:
    start(project)
    leave_at(project, "hold-done")
    project.engine.behave = lambda spec: (
        "unhealthy" if spec.document.get("config", {}).get("language") == "de" else "healthy"
    )
    outcome, events = project.apply()
    assert outcome == "rolled-back", events
    assert values(project) == []


def test_a_value_that_says_nothing_costs_a_pause(project: Any) -> None:
    start(project)
    leave_at(project, "hold-done")
    (store,) = project.engine.stores.values()
    store.write("progress-production", b"half")
    assert holds(project)[0] == 120.0
    assert project.apply()[0] == "succeeded"
    assert values(project) == []


TOLERANT = """
kind: Instance
metadata: {name: %s}
spec: {agent: support, scale: {replicas: 2}, config: {mark: %s}, rollout: {maxFailures: 1}}
"""


def mark(project: Any, what: str) -> str:
    return str(
        project.commit(
            what, **{ALPHA: TOLERANT % ("alpha", what), BETA: TOLERANT % ("beta", what)}
        )
    )


def breaks(project: Any, what: str, *slots: tuple[str, int]) -> None:
    project.engine.behave = lambda spec: (
        "unhealthy"
        if spec.document["config"]["mark"] == what and (spec.instance, spec.slot) in slots
        else "healthy"
    )


def commits(project: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in project.replicas():
        found.setdefault(one.instance, set()).add(one.commit)
    return found


@pytest.mark.parametrize("slot", [1, 2])
def test_only_what_failed_goes_back(project: Any, slot: int) -> None:
    good = mark(project, "good")
    assert project.apply()[0] == "succeeded"
    bad = mark(project, "bad")
    breaks(project, "bad", ("alpha", slot))
    outcome, events = project.apply()
    assert outcome == "partial"
    assert commits(project) == {"alpha": {good}, "beta": {bad}}
    assert all(one.serving for one in project.replicas())
    record = project.records()[0]
    assert record.outcome == "partial"
    assert [one.instance for one in record.failures] == ["alpha"]
    assert record.failures[0].revision
    assert record.failure == record.failures[0]
    assert record.instances == ("alpha", "beta")
    assert record.back_to == (good,)
    assert [e.instances for e in events if e.kind == "going-back"] == [("alpha",)]


def test_when_too_many_fail_all_goes_back(project: Any) -> None:
    good = mark(project, "good")
    project.apply()
    mark(project, "bad")
    breaks(project, "bad", ("alpha", 2), ("beta", 2))
    outcome, _ = project.apply()
    assert outcome == "rolled-back"
    assert commits(project) == {"alpha": {good}, "beta": {good}}
    assert {one.instance for one in project.records()[0].failures} == {"alpha", "beta"}


def test_what_was_good_in_a_partial_rollout_is_what_it_goes_back_to(project: Any) -> None:
    """beta came through the partial rollout: its last good is that commit, alpha's is not."""
    good = mark(project, "good")
    project.apply()
    part = mark(project, "part")
    breaks(project, "part", ("alpha", 1))
    assert project.apply()[0] == "partial"
    mark(project, "worse")
    breaks(project, "worse", ("alpha", 1), ("beta", 1))
    assert project.apply()[0] == "rolled-back"
    assert commits(project) == {"alpha": {good}, "beta": {part}}

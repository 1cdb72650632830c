"""A saved plan: exactly its steps while nothing has moved, else refused with what has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentgit.errors import ConfigError, StaleError
from agentgit.model.container import Limits
from agentgit.model.observed import Live
from agentgit.model.saved_plan import SavedPlan, Shown
from agentgit.pipeline import apply_plan, prepare_plan
from agentgit.record.plan_file import read_plan_file, write_plan_file
from agentgit.workflow.saved import ask_again, save_plan
from tests.pipeline.conftest import AT_LEAST_ONE

ALPHA = "environments__production__instances__alpha"
BETA = "environments__production__instances__beta"
CANARY = """
kind: Instance
metadata: {name: alpha}
spec:
  agent: support
  scale: {replicas: 4}
  config: {language: %s}
  rollout: {strategy: canary, steps: [{setWeight: 25}, {pause: {duration: 2m}}, {setWeight: 50}]}
"""


def save(project: Any, tmp_path: Path, **words: Any) -> SavedPlan:
    session = project.plan(**words)
    path = tmp_path / "change.plan"
    write_plan_file(path, save_plan(session, session.plan, Shown()))
    return read_plan_file(path)


def carry_out(project: Any, saved: SavedPlan) -> tuple[Any, str]:
    """Apply a saved plan; gives the plan that was carried out, and the outcome."""
    request = ask_again(project.open(), saved, project.request(file="change.plan"))
    with prepare_plan(project.open(), request) as session:
        return session.plan, project.run(session)[0]


def leave_after(project: Any, saved: SavedPlan, kind: str, count: int = 1) -> None:
    request = ask_again(project.open(), saved, project.request(file="change.plan"))
    with prepare_plan(project.open(), request) as session:
        project.clock.seconds += 1
        running = apply_plan(session)
        for event in running:
            count -= event.kind == kind
            if count == 0:
                break
        running.close()  # type: ignore[attr-defined]


def refuse(project: Any, saved: SavedPlan) -> str:
    before = project.ids()
    with pytest.raises(StaleError) as refused:
        carry_out(project, saved)
    assert project.ids() == before
    return str(refused.value.message)


def change(project: Any, instance: str, **facts: Any) -> str:
    """Change a replica behind everybody's back; gives its name."""
    name, (replica, spec) = next(
        (name, one) for name, one in project.engine.replicas.items() if one[0].instance == instance
    )
    project.engine.replicas[name] = (replica.model_copy(update=facts), spec)
    return str(name)


def test_exactly_its_steps_are_carried_out(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    assert saved.plan == project.plan().plan
    done, outcome = carry_out(project, saved)
    assert (outcome, done.waves) == ("succeeded", saved.plan.waves)
    assert project.records()[0].saved_plan == saved.digest
    assert project.plan().plan.is_empty


def test_another_protection_is_another_intent(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    project.commit("Limits", environments__production__environment=AT_LEAST_ONE)
    assert "the protection of the environment is another" in refuse(project, saved)


def test_another_number_of_kept_revisions_is_another_intent(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    text = AT_LEAST_ONE.replace("protection: {minAvailable: 1}", "keepRevisions: 1")
    project.commit("Less", environments__production__environment=text)
    assert "keepRevisions is 1 instead of 3" in refuse(project, saved)


def test_it_cannot_be_carried_out_twice(project: Any, tmp_path: Path) -> None:
    saved = save(project, tmp_path)
    carry_out(project, saved)
    assert refuse(project, saved).startswith("this plan was carried out already: rollout ")


def test_a_plan_of_nothing_is_a_plan(project: Any, tmp_path: Path) -> None:
    project.apply()
    saved = save(project, tmp_path)
    assert saved.plan.is_empty
    assert carry_out(project, saved)[1] == "succeeded"


LIMITS = Live(limits=Limits(memory=256 << 20), restart="no")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"state": "exited"}, "running -> exited"),
        ({"image_id": "sha256:another"}, "another image"),
        ({"live": LIMITS}, "memory unset -> 256m"),
    ],
)
def test_what_was_changed_by_hand_is_named(
    project: Any, tmp_path: Path, facts: dict[str, Any], said: str
) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    name = change(project, "beta", **facts)
    assert f"eu-1: {name}: {said}" in refuse(project, saved)


def test_what_is_gone_and_what_is_new_is_named(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    name, (replica, spec) = project.engine.replicas.popitem()
    twin = replica.model_copy(update={"id": "another", "name": "copy"})
    project.engine.replicas["copy"] = (twin, spec)
    said = refuse(project, saved)
    assert f"eu-1: {name}: is gone" in said
    assert "eu-1: copy: is new, running" in said


def test_health_and_clocks_do_not_count(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    change(project, "beta", health="starting", started_at="later", restarts=3)
    assert carry_out(project, saved)[1] == "succeeded"


def test_a_commit_that_asks_for_something_else_makes_it_stale(
    project: Any, tmp_path: Path
) -> None:
    project.apply()
    first = project.prompt("Be short.")
    saved = save(project, tmp_path)
    newer = project.commit("No beta", **{BETA: None})
    said = refuse(project, saved)
    assert f"main is at {newer[:7]} instead of {first[:7]}" in said
    assert "beta is gone" in said
    assert "alpha" not in said


def test_a_commit_that_asks_for_the_same_does_not(project: Any, tmp_path: Path) -> None:
    project.apply()
    first = project.prompt("Be short.")
    saved = save(project, tmp_path)
    project.commit("Only words")
    assert carry_out(project, saved)[1] == "succeeded"
    assert {one.commit for one in project.replicas()} == {first}
    assert project.records()[0].commit == first


def test_of_a_part_only_the_part_counts(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path, only=("alpha",))
    project.commit("No beta", **{BETA: None})
    assert carry_out(project, saved)[1] == "succeeded"


def test_a_line_that_was_rewritten_makes_it_stale(project: Any, tmp_path: Path) -> None:
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    project.git("commit", "-q", "--amend", "-m", "Other words")
    assert "was rewritten" in refuse(project, saved)


def test_a_newer_commit_that_was_applied_makes_it_stale(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.commit("First words")
    saved = save(project, tmp_path)
    project.commit("Other words")
    project.apply()
    assert "a newer commit than " in refuse(project, saved)


def test_a_pin_since_makes_it_stale(project: Any, tmp_path: Path) -> None:
    first = project.prompt("Be kind!")
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    project.apply(revision=first, reason="wait")
    assert "is pinned at" in refuse(project, saved)


def test_a_plan_that_pins_pins(project: Any, tmp_path: Path) -> None:
    first = project.prompt("Be kind!")
    project.prompt("Be short.")
    project.apply()
    saved = save(project, tmp_path, revision=first)
    assert saved.pinning
    assert carry_out(project, saved)[1] == "succeeded"
    pin = project.records()[0].pin
    assert pin is not None
    assert pin.commit == first


def test_a_branch_that_is_gone_means_its_commit(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.git("checkout", "-q", "-b", "feature")
    wanted = project.prompt("Be bold.")
    project.git("checkout", "-q", "main")
    saved = save(project, tmp_path, revision="feature")
    project.git("branch", "-q", "-D", "feature")
    assert carry_out(project, saved)[1] == "succeeded"
    assert project.records()[0].commit == wanted


def test_another_projects_plan_is_refused(project: Any, tmp_path: Path) -> None:
    saved = save(project, tmp_path)
    other = saved.plan.model_copy(update={"project_id": "other", "project": "globex"})
    with pytest.raises(ConfigError, match="a plan of another project: globex"):
        carry_out(project, saved.model_copy(update={"plan": other}))


@pytest.mark.parametrize("count", range(1, 14))
def test_its_own_interrupted_run_goes_on(project: Any, tmp_path: Path, count: int) -> None:
    project.commit("A canary", **{ALPHA: CANARY % "en"})
    project.apply()
    project.commit("German, no beta", **{ALPHA: CANARY % "de", BETA: None})
    saved = save(project, tmp_path)
    leave_after(project, saved, "step-done", count)
    done, outcome = carry_out(project, saved)
    assert outcome == "succeeded"
    assert done.intent_digest == saved.plan.intent_digest
    assert project.plan().plan.is_empty
    assert len(project.replicas()) == 4


def test_it_goes_on_more_than_once_and_does_not_repeat_a_pause(
    project: Any, tmp_path: Path
) -> None:
    project.commit("A canary", **{ALPHA: CANARY % "en"})
    project.apply()
    project.commit("German", **{ALPHA: CANARY % "de"})
    saved = save(project, tmp_path)
    leave_after(project, saved, "hold-done")
    leave_after(project, saved, "step-done", 3)
    done, outcome = carry_out(project, saved)
    assert outcome == "succeeded"
    assert [wave.hold for wave in done.waves if wave.hold] == []


def test_what_somebody_did_meanwhile_does_not_go_on(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    leave_after(project, saved, "step-done", 3)
    survivor = change(project, "beta", live=LIMITS)
    said = refuse(project, saved)
    assert f"{survivor}: memory unset -> 256m" in said


def test_somebody_elses_rollout_in_between_ends_it(project: Any, tmp_path: Path) -> None:
    project.apply()
    project.prompt("Be short.")
    saved = save(project, tmp_path)
    leave_after(project, saved, "wave-done")
    project.apply(kind="restart", only=("beta",))
    assert "has changed since this plan was saved" in refuse(project, saved)


ALPHA_ONLY = (
    "kind: Instance\nmetadata: {name: alpha}\nspec: {agent: support, config: {language: de}}\n"
)


def nth(project: Any, instance: str, slot: int, **facts: Any) -> str:
    """Change the replica of a slot behind everybody's back; gives its name."""
    name, (replica, spec) = next(
        (name, one)
        for name, one in project.engine.replicas.items()
        if (one[0].instance, one[0].slot) == (instance, slot)
    )
    project.engine.replicas[name] = (replica.model_copy(update=facts), spec)
    return str(name)


@pytest.mark.parametrize("slot", [1, 2])
@pytest.mark.parametrize(
    ("before", "after"),
    [("healthy", "starting"), ("starting", "healthy"), ("healthy", "unhealthy"),
     ("unhealthy", "healthy")],
)  # fmt: skip
def test_health_that_asks_for_no_other_steps_makes_it_not_stale(
    project: Any, tmp_path: Path, before: str, after: str, slot: int
) -> None:
    """What waits, and which slot comes first, may differ: the new plan is carried out."""
    project.apply()
    project.commit("Alpha", **{ALPHA: ALPHA_ONLY})
    nth(project, "alpha", slot, health=before)
    saved = save(project, tmp_path)
    nth(project, "alpha", slot, health=after)
    assert carry_out(project, saved)[1] == "succeeded"
    assert project.plan().plan.is_empty


@pytest.mark.parametrize(("before", "after"), [("healthy", "unhealthy"), ("unhealthy", "healthy")])
def test_health_that_asks_for_other_steps_is_named(
    project: Any, tmp_path: Path, before: str, after: str
) -> None:
    project.apply()
    project.commit("Alpha", **{ALPHA: ALPHA_ONLY})
    change(project, "beta", health=before)
    saved = save(project, tmp_path)
    name = change(project, "beta", health=after)
    first, flap, *steps = refuse(project, saved).splitlines()
    assert first == (
        "the health of what runs in production has changed since this plan was saved, so that it "
        "has other steps now"
    )
    assert flap == f"eu-1: {name}: {before} -> {after}"
    assert any("beta" in step for step in steps)

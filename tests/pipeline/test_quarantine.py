"""A bad revision is tried once; pins end; the line of commits is guarded: real Git, no engine."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import Exit, GuardError, UsageError
from agentgit.pipeline import apply_plan, prepare_plan, unpin
from agentgit.record.quarantine import find_quarantined

DAY = 86400.0
BETA = """
kind: Instance
metadata: {name: beta}
spec: {agent: support, scale: {replicas: 1}, instructions: {text: TEXT}}
"""


def fail(project: Any) -> str:
    """Apply a good commit and then one that is taken back; gives the good one."""
    project.apply()
    good: str = project.git("rev-parse", "HEAD")
    project.break_prompt("rude")
    project.prompt("Be rude.")
    assert project.apply()[0] == "rolled-back"
    return good


def beta(project: Any, text: str) -> str:
    sha: str = project.commit(
        text, environments__production__instances__beta=BETA.replace("TEXT", text)
    )
    return sha


def test_another_commit_with_the_same_change_is_refused_and_a_fix_is_not(project: Any) -> None:
    fail(project)
    before = project.ids()
    project.commit("Words", README_md="hello\n")
    for _ in range(2):
        with pytest.raises(GuardError, match="is in quarantine") as caught:
            project.apply()
        assert caught.value.exit_code == Exit.REFUSED
    assert project.records()[0].id in caught.value.message
    assert "await-healthy" in caught.value.message
    assert project.ids() == before
    assert len(project.records()) == 2
    project.prompt("Be polite.")
    assert project.apply()[0] == "succeeded"
    project.prompt("Be rude.")  # back to it: still what failed
    with pytest.raises(GuardError, match="is in quarantine"):
        project.plan()


def test_every_failure_names_its_revision(project: Any) -> None:
    fail(project)
    record = project.records()[0]
    assert {one.instance for one in record.failures} <= {"alpha", "beta"}
    for one in record.failures:
        assert (one.revision,) == record.revisions[one.instance]


def test_only_what_failed_is_refused(project: Any) -> None:
    project.apply()
    project.break_prompt("rude")
    beta(project, "rude")
    assert project.apply()[0] == "rolled-back"
    project.prompt("Be brief.")
    with pytest.raises(GuardError, match="beta would change to"):
        project.plan()
    assert project.apply(only=("alpha",))[0] == "succeeded"
    with pytest.raises(GuardError, match="beta would change to"):
        project.plan(only=("beta",))


def test_a_retry_with_its_reason_goes_through_and_lifts_it(project: Any) -> None:
    fail(project)
    project.engine.behave = lambda _: "healthy"
    with pytest.raises(GuardError):
        project.plan()
    assert project.apply(retry=True, reason="the tool is back")[0] == "succeeded"
    record = project.records()[0]
    assert (record.retry, record.reason) == (True, "the tool is back")
    assert find_quarantined(project.records()) == ()
    assert project.plan().plan.is_empty


def test_a_retry_that_fails_is_refused_again(project: Any) -> None:
    fail(project)
    assert project.apply(retry=True, reason="once more")[0] == "rolled-back"
    with pytest.raises(GuardError, match=project.records()[0].id):
        project.plan()


def test_an_interrupted_retry_needs_no_second_reason(project: Any) -> None:
    fail(project)
    project.engine.behave = lambda _: "healthy"
    project.clock.seconds += 1
    with prepare_plan(project.open(), project.request(retry=True, reason="back")) as session:
        for event in apply_plan(session):
            if event.kind == "wave-done":
                session.stop.set()
    assert project.records()[0].outcome == "interrupted"
    project.clock.seconds += 1
    assert project.apply()[0] == "succeeded"


def test_a_destroy_clears_it(project: Any) -> None:
    fail(project)
    assert project.apply(kind="destroy")[0] == "succeeded"
    assert project.apply()[0] == "rolled-back"
    assert project.replicas() == []


def test_a_restart_that_fails_does_not_put_the_last_good_revision_away(project: Any) -> None:
    project.apply()
    project.engine.behave = lambda _: "unhealthy"
    assert project.apply(kind="restart", only=("beta",))[0] == "rolled-back"
    assert find_quarantined(project.records()) == ()
    lost = next(one for one in project.replicas() if one.instance == "beta")
    del project.engine.replicas[lost.name]
    assert project.apply()[0] == "failed"  # it cannot go back to anything else
    project.engine.behave = lambda _: "healthy"
    assert project.apply()[0] == "succeeded"


def test_a_way_back_that_fails_is_not_taken_back_again(project: Any) -> None:
    project.apply()
    project.prompt("Be rude.")
    # Slot 1 of the new revision comes up and its old replica goes; from then on nothing comes up.
    project.engine.behave = lambda spec: (
        "healthy"
        if "rude" in spec.document["instructions"]["text"] and spec.slot == 1
        else "unhealthy"
    )
    outcome, events = project.apply()
    assert outcome == "failed"
    assert [event.kind for event in events].count("going-back") == 1
    assert find_quarantined(project.records()) == ()
    project.break_prompt("rude")
    assert project.apply()[0] == "rolled-back"  # the same again: it gets there, and is settled
    assert all(one.serving for one in project.replicas())
    with pytest.raises(GuardError, match="is in quarantine"):
        project.apply()


def test_a_rollback_to_what_failed_is_refused(project: Any) -> None:
    good = fail(project)
    bad = project.git("rev-parse", "HEAD")
    project.prompt("Be polite.")
    project.apply()
    with pytest.raises(GuardError, match="is in quarantine") as caught:
        project.plan(kind="rollback", revision=bad)
    assert "--to" in (caught.value.hint or "")
    assert project.apply(kind="rollback", revision=good)[0] == "succeeded"


def test_a_rollback_to_the_same_is_refused(project: Any) -> None:
    project.apply()
    first = project.git("rev-parse", "HEAD")
    second = project.commit("Words", README_md="hello\n")
    project.apply()
    with pytest.raises(UsageError, match="there is nothing to go back to"):
        project.plan(kind="rollback", revision=first)
    project.prompt("Be brief.")
    project.apply()
    project.apply(kind="rollback", revision=second, reason="too brief")
    project.apply(kind="rollback", revision=second, reason="longer", pin_for=DAY)  # renews it
    assert project.plan().plan.pin.reason == "longer"
    with pytest.raises(UsageError, match="there is nothing to go back to"):
        project.plan(kind="rollback", revision=first)


def test_a_rollback_repairs_what_it_finds_half_way(project: Any) -> None:
    good = fail(project)
    with pytest.raises(UsageError, match="there is nothing to go back to"):
        project.plan(kind="rollback", revision=good)
    del project.engine.replicas[project.replicas()[0].name]
    assert project.apply(kind="rollback", revision=good)[0] == "succeeded"


@pytest.mark.parametrize("kind", ["rollback", "apply"])
def test_a_pin_for_a_time_expires_by_itself(project: Any, kind: str) -> None:
    project.apply()
    first = project.git("rev-parse", "HEAD")
    project.prompt("Be brief.")
    head = project.git("rev-parse", "HEAD")
    project.apply()
    project.apply(kind=kind, revision=first, reason="too brief", pin_for=7 * DAY)
    pin = project.plan().plan.pin
    assert (pin.expires - pin.since).total_seconds() == 7 * DAY
    project.clock.seconds += 6 * DAY
    assert project.plan().plan.is_empty
    project.clock.seconds += DAY
    plan = project.plan().plan
    assert (plan.pin, plan.ended_pin, plan.commit.sha) == (None, pin, head)
    assert not plan.is_empty
    with pytest.raises(UsageError, match="is not pinned"):
        unpin(project.open(), "production", "")
    assert project.apply()[0] == "succeeded"
    assert project.plan().plan.ended_pin is None


def test_a_term_without_a_pin_is_refused(project: Any) -> None:
    project.apply()
    for kind in ("apply", "rollback"):
        with pytest.raises(UsageError, match="no pin that could end"):
            project.plan(kind=kind, revision="HEAD", pin_for=DAY)


def test_an_older_commit_of_the_line_is_refused(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    newer = project.git("rev-parse", "HEAD")
    project.apply()
    project.git("reset", "-q", "--hard", "HEAD~")
    with pytest.raises(GuardError, match=f"newer commit is applied .*{newer[:7]}") as caught:
        project.apply()
    assert caught.value.exit_code == Exit.REFUSED
    assert "agentgit rollback -e production --to " in (caught.value.hint or "")
    with pytest.raises(GuardError):
        project.plan(only=("alpha",))
    assert project.plan(worktree=True).plan is not None
    assert project.records()  # a status can be had
    assert project.apply(allow=frozenset({"diverged"}), reason="on purpose")[0] == "succeeded"
    assert project.plan().plan.is_empty


def test_a_rewritten_branch_is_refused(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    applied = project.git("rev-parse", "HEAD")
    project.apply()
    project.git("reset", "-q", "--hard", "HEAD~")
    project.prompt("Be precise.")
    with pytest.raises(GuardError, match=f"does not contain {applied[:7]}") as caught:
        project.apply()
    assert "agentgit apply -e production --allow diverged" in (caught.value.hint or "")
    assert project.apply(revision="HEAD")[0] == "succeeded"  # named: that is on purpose
    assert project.plan().plan.is_empty


def test_a_commit_that_was_never_pushed_is_not_called_rewritten(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host told of the rollout, and nobody has brought its commit."""
    project.apply()
    monkeypatch.setattr("agentgit.workflow.line.followed_line", lambda _: "ab" * 20)
    with pytest.raises(GuardError, match=r"abababa was applied .* does not have it") as caught:
        project.apply()
    assert "was never pushed" in caught.value.message
    assert "merge" not in (caught.value.hint or "")
    assert "--allow diverged" in (caught.value.hint or "")


def test_a_destroy_follows_no_line(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    project.git("reset", "-q", "--hard", "HEAD~")
    assert project.apply(kind="destroy")[0] == "succeeded"
    assert project.apply()[0] == "succeeded"


def test_what_a_pin_brought_in_does_not_bend_the_line(project: Any) -> None:
    project.apply()
    project.git("checkout", "-q", "-b", "feature")
    feature = project.prompt("Be a feature.")
    project.git("checkout", "-q", "main")
    assert project.apply(revision=feature)[0] == "succeeded"
    assert project.apply()[0] == "succeeded"  # under the pin
    project.prompt("Be brief.")
    plan = project.plan().plan
    assert plan.ended_pin.commit == feature
    assert project.apply()[0] == "succeeded"
    assert project.plan().plan.is_empty


def test_what_never_came_to_run_is_not_in_the_way(project: Any) -> None:
    fail(project)
    project.git("reset", "-q", "--hard", "HEAD~")
    assert project.plan().plan.is_empty
    project.prompt("Be precise.")
    assert project.apply()[0] == "succeeded"

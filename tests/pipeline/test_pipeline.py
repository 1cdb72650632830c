# ruff: noqa: E501 - files in one line
"""The whole way on memory engines: real Git, real ledger, real lease, no processes."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import (
    ConfigError,
    DefiniteError,
    EngineError,
    GuardError,
    LeaseError,
    StaleError,
    UsageError,
)
from agentgit.execute.clock import SystemClock
from agentgit.execute.lease import Holder, Lease
from agentgit.pipeline import apply_plan, is_news, prepare_plan, unpin
from agentgit.providers.memory import MemoryProvider
from tests.builders import PROJECT_ID


def outcomes(project: Any) -> list[tuple[str, str]]:
    return [(one.kind, one.outcome) for one in project.plan().records]


def test_apply_runs_what_the_commit_asks_for_and_the_next_plan_is_empty(project: Any) -> None:
    assert project.apply()[0] == "succeeded"
    assert [(r.instance, r.slot, r.health) for r in project.replicas()] == [
        ("alpha", 1, "healthy"),
        ("alpha", 2, "healthy"),
        ("beta", 1, "healthy"),
    ]
    session = project.plan()
    assert session.plan.is_empty
    assert not is_news(session)
    head = project.git("rev-parse", "HEAD")
    assert {r.commit for r in project.replicas()} == {head}
    assert {r.fence for r in project.replicas()} == {1}
    assert session.records[0].commit == head


def test_a_prompt_change_reaches_whom_it_concerns_and_says_where(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    plan = project.plan().plan
    changed = {c.instance: c for c in plan.changes if c.kind != "keep"}
    assert set(changed) == {"alpha", "beta"}
    field = changed["alpha"].fields[0]
    assert (field.path, field.lines) == ("instructions.text", (1, 1))
    assert str(field.origin) == "global/prompts/support.md:1"


def test_a_commit_that_changes_nothing_that_runs_is_recorded_but_touches_nothing(
    project: Any,
) -> None:
    project.apply()
    before = project.ids()
    project.commit("Words", README_md="hello\n")
    session = project.plan()
    assert session.plan.is_empty
    assert is_news(session)
    assert project.apply()[0] == "succeeded"
    assert project.ids() == before
    assert not is_news(project.plan())


def test_a_bad_revision_is_taken_back_and_the_old_replicas_never_went_away(project: Any) -> None:
    project.apply()
    before = project.ids()
    good = project.git("rev-parse", "HEAD")
    project.break_prompt("rude")
    project.prompt("Be rude.")
    outcome, events = project.apply()
    assert outcome == "rolled-back"
    assert project.ids() == before
    failed = next(event for event in events if event.kind == "step-failed")
    assert failed.failure.instance in {"alpha", "beta"}
    assert failed.failure.log
    record = project.records()[0]
    assert record.outcome == "rolled-back"
    assert record.back_to == (good,)
    assert record.failure.step == "await-healthy"


def test_what_finished_before_the_failure_goes_back_too(project: Any) -> None:
    project.apply()
    old = {replica.revision for replica in project.replicas()}
    project.prompt("Be rude.")
    # Slot 1 comes up well and replaces its old replica; slot 2, in the next wave, does not.
    project.engine.behave = lambda spec: (
        "unhealthy"
        if "rude" in spec.document["instructions"]["text"] and spec.slot == 2
        else "healthy"
    )
    outcome, events = project.apply()
    assert outcome == "rolled-back"
    assert [e.number for e in events if e.kind == "wave-done"][:1] == [1]
    assert {replica.revision for replica in project.replicas()} == old
    assert len(project.replicas()) == 3
    assert all(replica.serving for replica in project.replicas())


def test_a_first_rollout_that_fails_removes_what_it_created(project: Any) -> None:
    project.break_prompt("kind")
    assert project.apply()[0] == "rolled-back"
    assert project.replicas() == []


def test_a_bad_new_instance_is_removed_and_the_others_stay(project: Any) -> None:
    project.apply()
    before = project.ids()
    bad = """
kind: Instance
metadata: {name: gamma}
spec: {agent: support, instructions: {text: rude}}
"""
    project.break_prompt("rude")
    project.commit("Gamma", environments__production__instances__gamma=bad)
    assert project.apply()[0] == "rolled-back"
    assert project.ids() == before


def test_the_worlds_fault_is_not_taken_back_but_tried_again(project: Any) -> None:
    project.apply()
    before = project.ids()
    agent = project.folder / "global/agents/support.yaml"
    project.commit("New image", global__agents__support=agent.read_text().replace(":1", ":2"))
    project.engine.missing_images.add("acme/agent:2")
    outcome, events = project.apply()
    assert outcome == "failed"
    assert project.ids() == before
    assert "going-back" not in {event.kind for event in events}
    project.engine.missing_images.clear()
    assert project.apply()[0] == "succeeded"


def test_only_limits_the_plan_and_the_rest_stays_pending(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    project.apply(only=("beta",))
    assert {c.instance for c in project.plan().plan.changes if c.kind != "keep"} == {"alpha"}


def test_only_an_instance_that_nobody_knows_is_an_error(project: Any) -> None:
    with pytest.raises(UsageError, match="no instance gama"):
        project.plan(only=("gama",))


def test_a_worktree_can_be_planned_but_not_applied(project: Any) -> None:
    project.apply()
    (project.folder / "global/prompts/support.md").write_text("Be brief.\n")
    assert project.plan().plan.is_empty
    with prepare_plan(project.open(), project.request(worktree=True)) as session:
        assert not session.plan.is_empty
        with pytest.raises(ConfigError, match="only a commit can be applied"):
            list(apply_plan(session))


def test_rollback_is_a_pin_until_a_newer_commit(project: Any) -> None:
    first = project.git("rev-parse", "HEAD")
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    assert project.apply(kind="rollback", reason="too brief")[0] == "succeeded"
    session = project.plan()
    assert session.plan.is_empty
    assert session.plan.pin.commit == first
    assert session.plan.pin.reason == "too brief"
    assert session.plan.pin.owner.startswith("Ana")
    project.prompt("Be precise.")
    newer = project.plan()
    assert newer.plan.pin is None
    assert not newer.plan.is_empty


def test_unpin_lets_go(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    project.apply(kind="rollback")
    unpin(project.open(), "production", "fixed")
    session = project.plan()
    assert session.plan.pin is None
    assert {c.kind for c in session.plan.changes} == {"replace"}
    with pytest.raises(UsageError, match="not pinned"):
        unpin(project.open(), "production", "")


def test_rollback_skips_commits_that_changed_nothing(project: Any) -> None:
    first = project.git("rev-parse", "HEAD")
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    project.commit("Words", README_md="hello\n")
    project.apply()
    assert project.plan(kind="rollback").target.commit.sha == first


def test_applying_another_revision_is_a_pin(project: Any) -> None:
    first = project.git("rev-parse", "HEAD")
    project.prompt("Be brief.")
    project.apply()
    project.apply(revision=first)
    assert project.plan().plan.pin.commit == first
    assert project.plan().plan.is_empty
    with pytest.raises(GuardError, match="pinned"):
        project.plan(revision="main")


def test_restart_brings_in_no_pending_change(project: Any) -> None:
    project.apply()
    before = project.ids()
    project.prompt("Be brief.")
    project.apply(kind="restart", only=("beta",))
    after = project.ids()
    assert len(before & after) == 2
    texts = {spec.document["instructions"]["text"] for _, spec in project.engine.replicas.values()}
    assert texts == {"Be kind.\n"}


def test_destroy_removes_everything_and_ends_a_pin(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    project.apply(kind="rollback")
    assert project.apply(kind="destroy")[0] == "succeeded"
    assert project.replicas() == []
    assert project.engine.networks == set()
    assert project.plan().plan.pin is None
    assert outcomes(project)[0] == ("destroy", "succeeded")


def test_a_second_apply_is_refused_while_one_is_at_work(project: Any) -> None:
    providers = {"eu-1": MemoryProvider("eu-1", PROJECT_ID, project.engine)}
    holder = Holder("Li", "r1", "today")
    with prepare_plan(project.open(), project.request()) as session:
        clock = SystemClock()
        object.__setattr__(session.world, "clock", clock)
        lease = Lease(providers, "production", holder, clock, session.stop)
        list(lease.take())
        with pytest.raises(LeaseError, match="Li"):
            list(apply_plan(session))
        lease.release()
    assert project.replicas() == []
    assert project.plan().records == ()


def test_a_plan_that_no_longer_fits_is_refused(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request()) as session:
        project.engine.replicas.popitem()
        with pytest.raises(StaleError):
            list(apply_plan(session))


def test_a_host_that_does_not_answer_is_unknown(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.apply()

    def refuse(*_: object) -> None:
        raise EngineError("connection refused")

    monkeypatch.setattr(MemoryProvider, "observe", refuse)
    with pytest.raises(EngineError, match="eu-1 of production cannot be reached"):
        project.plan()
    with prepare_plan(project.open(), project.request(), status=True) as session:
        assert session.plan is None
        assert session.observed.unreachable[0].reason == "connection refused"


def test_an_interrupted_apply_is_recorded_and_goes_on_later(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request()) as session:
        for event in apply_plan(session):
            if event.kind == "wave-done":
                session.stop.set()
    assert outcomes(project)[0] == ("apply", "interrupted")
    assert project.apply()[0] == "succeeded"
    assert project.plan().plan.is_empty


def test_closing_the_stream_records_an_interruption(project: Any) -> None:
    with prepare_plan(project.open(), project.request()) as session:
        stream = apply_plan(session)
        next(stream)
        stream.close()
    assert outcomes(project)[0] == ("apply", "interrupted")


def test_going_back_to_the_followed_commit_ends_the_pin(project: Any) -> None:
    first = project.git("rev-parse", "HEAD")
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    project.apply(kind="rollback", revision=first)
    project.apply(kind="rollback", revision="HEAD")
    session = project.plan()
    assert session.plan.pin is None
    assert session.plan.is_empty


def test_restart_keeps_what_only_some_have(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    project.apply(only=("beta",))
    project.apply(kind="restart", only=("alpha", "beta"))
    texts = {
        s.instance: s.document["instructions"]["text"] for _, s in project.engine.replicas.values()
    }
    assert texts == {"alpha": "Be kind.\n", "beta": "Be brief.\n"}
    assert {c.instance for c in project.plan().plan.changes if c.kind != "keep"} == {"alpha"}


def test_what_an_interrupted_rollout_left_goes_back_too(project: Any) -> None:
    project.apply()
    old = {replica.revision for replica in project.replicas()}
    project.prompt("Be rude.")
    with prepare_plan(project.open(), project.request()) as session:
        for event in apply_plan(session):
            if event.kind == "wave-done":
                session.stop.set()
    assert {replica.revision for replica in project.replicas()} - old
    project.break_prompt("rude")
    assert project.apply()[0] == "rolled-back"
    assert {replica.revision for replica in project.replicas()} == old


def test_a_bug_is_not_recorded_as_a_success(project: Any) -> None:
    project.engine.behave = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        project.apply()
    assert outcomes(project)[0] == ("apply", "interrupted")


def test_a_stop_first_move_that_the_world_breaks_starts_the_old_one_again(project: Any) -> None:
    agent = project.folder / "global/agents/support.yaml"
    slow = agent.read_text() + "  rollout: {strategy: recreate}\n"
    project.commit("Recreate", global__agents__support=slow)
    project.apply()
    before = project.ids()
    project.prompt("Be brief.")

    def refuse(spec: Any) -> str:
        if "brief" in spec.document["instructions"]["text"]:
            raise DefiniteError("port 80 is taken")
        return "healthy"

    project.engine.behave = refuse
    assert project.apply()[0] == "failed"
    assert project.ids() == before
    assert all(replica.serving for replica in project.replicas())


def test_destroy_leaves_no_trace_on_the_host(project: Any) -> None:
    project.apply()
    project.apply(kind="destroy")
    assert project.engine.stores[PROJECT_ID].names("") == ()


def test_a_host_is_not_lost_from_sight(project: Any) -> None:
    project.apply()
    path = "environments__production__environment"
    gone = "kind: Environment\nmetadata: {name: production}\nspec: {hosts: {us-1: {engine: docker}}}\n"
    project.commit("Move", **{path: gone})
    with pytest.raises(GuardError, match="eu-1 carries replicas of production"):
        project.plan()


def test_an_environment_that_is_gone_can_still_be_destroyed(project: Any) -> None:
    project.apply()
    project.git("mv", "environments/production", "environments/live")
    text = (project.folder / "environments/live/environment.yaml").read_text()
    project.commit("Rename", environments__live__environment=text.replace("production", "live"))
    with prepare_plan(project.open(), project.request(), status=True) as session:
        assert len(session.observed.replicas) == 3
    assert project.apply(kind="destroy")[0] == "succeeded"
    assert project.replicas() == []


def test_status_and_destroy_work_while_the_configuration_is_broken(project: Any) -> None:
    project.apply()
    project.commit(
        "Typo",
        global__agents__support="kind: Agent\nmetadata: {name: support}\nspec: {contaner: {}}\n",
    )
    with pytest.raises(ConfigError):
        project.plan()
    with prepare_plan(project.open(), project.request(), status=True) as session:
        assert session.plan is None
        assert len(session.observed.replicas) == 3
        assert any("contaner" in warning for warning in session.warnings)
    assert project.apply(kind="destroy")[0] == "succeeded"
    assert project.replicas() == []


def test_a_port_is_not_handed_over_within_one_rollout(project: Any) -> None:
    fixed = "kind: Instance\nmetadata: {name: NAME}\nspec: {agent: support, scale: {replicas: 1}, container: {ports: {http: {target: 80, published: 9000}}}}\n"
    project.commit(
        "Fixed", environments__production__instances__beta=fixed.replace("NAME", "beta")
    )
    project.apply()
    project.commit(
        "Rename",
        environments__production__instances__beta=None,
        environments__production__instances__gamma=fixed.replace("NAME", "gamma"),
    )
    with pytest.raises(GuardError, match="still held by beta"):
        project.plan()
    project.apply(only=("beta",))
    assert project.apply()[0] == "succeeded"
    assert project.plan().plan.is_empty


def test_an_interrupted_canary_is_looked_at_before_it_goes_on(project: Any) -> None:
    canary = "kind: Instance\nmetadata: {name: alpha}\nspec: {agent: support, rollout: {strategy: canary, steps: [{setWeight: 50}, {pause: {duration: 1m}}]}}\n"
    project.commit("Canary", environments__production__instances__alpha=canary)
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request(only=("alpha",))) as session:
        for event in apply_plan(session):
            if event.kind == "hold-started":
                session.stop.set()
    plan = project.plan(only=("alpha",)).plan
    assert [(wave.title, len(wave.moves), bool(wave.hold)) for wave in plan.waves] == [
        ("canary 50 %", 0, True),
        ("the rest", 1, False),
    ]
    assert len(plan.waves[0].hold.replicas) == 1


def test_a_lost_replica_is_missing_and_not_a_change_of_scale(project: Any) -> None:
    project.apply()
    one = "kind: Instance\nmetadata: {name: beta}\nspec: {agent: support, scale: {replicas: 2}}\n"
    project.commit("Scale", environments__production__instances__beta=one)
    project.apply()
    lost = next(r for r in project.replicas() if (r.instance, r.slot) == ("beta", 2))
    del project.engine.replicas[lost.name]
    change = next(c for c in project.plan().plan.changes if c.instance == "beta")
    assert [cause.kind for cause in change.causes] == ["missing"]
    assert change.fields == ()

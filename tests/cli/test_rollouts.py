"""The commands that change what runs, on an engine in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentgit.providers.memory import MemoryEngine

PROMPT = "global/prompts/hello.md"
STAGING = ("-e", "staging")


def test_plan_says_what_would_change(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("plan", *STAGING)
    assert done.code == 0
    assert '"First fleet" (Ana' in done.out
    assert "  + hello  1 replica  new  environments/staging/instances/hello.yaml\n" in done.out
    assert "1 to add, 0 to change, 0 to remove, 0 unchanged" in done.out
    assert done.out.endswith("to carry it out:  agentgit apply -e staging\n")
    assert agentgit("plan", *STAGING, "--detailed-exitcode").code == 2


def test_plan_as_a_document(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    document = json.loads(agentgit("plan", *STAGING, "--json").out)
    assert document["format"] == "agentgit/plan@1"
    assert [(one["symbol"], one["instance"]) for one in document["changes"]] == [("+", "hello")]
    assert document["waves"][0]["moves"][0]["prepare"][0]["step"] == "create-replica"


def test_apply_tells_on_stderr_and_answers_on_stdout(
    project: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert project
    done = agentgit("apply", *STAGING, "--yes")
    assert done.code == 0
    assert "done: staging runs " in done.out
    assert "hello: healthy: " in done.err
    assert len(engine.replicas) == 1


def test_a_second_plan_and_apply_are_a_sentence(
    applied: Path, agentgit: Callable[..., Any]
) -> None:
    assert applied
    for arguments in (("plan", "--detailed-exitcode"), ("apply",)):
        done = agentgit(*arguments, *STAGING)
        assert done.code == 0
        assert done.out.startswith("No changes. staging runs ")
        assert done.out.endswith(" on 1 host, 1 of 1 replica healthy.\n")


def test_without_a_terminal_and_without_yes_nothing_happens(
    project: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert project
    done = agentgit("apply", *STAGING)
    assert done.code == 64
    assert "hint: --yes" in done.err
    assert engine.replicas == {}


def test_apply_as_a_document(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    document = json.loads(agentgit("apply", *STAGING, "--yes", "--json").out)
    assert document["format"] == "agentgit/rollout@1"
    assert document["outcome"] == "succeeded"
    assert document["events"][-1]["kind"] == "rollout-finished"
    nothing = json.loads(agentgit("apply", *STAGING, "--yes", "--json").out)
    assert nothing["outcome"] is None


def test_a_prompt_that_changed_is_named_with_its_line(
    applied: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert applied
    edit(PROMPT, "short, friendly", "very short")
    assert "the work tree, not committed" in agentgit("plan", *STAGING, "--worktree").out
    commit("Shorter")
    out = agentgit("plan", *STAGING).out
    assert f"instructions.text  {PROMPT}:1\n" in out or f"instructions  {PROMPT}:1\n" in out
    assert "| ~ You greet people in one {+very +}short[-, friendly-] sentence." in out


def test_what_is_not_committed_does_not_count(
    applied: Path, agentgit: Callable[..., Any], edit: Callable[[str, str, str], None]
) -> None:
    (applied / "notes.txt").write_text("not of the project", encoding="utf-8")
    assert agentgit("plan", *STAGING).err == ""
    edit(PROMPT, "short", "long")
    for command in ("plan", "apply"):
        done = agentgit(command, *STAGING)
        assert done.out.startswith("No changes. ")
        assert done.err.startswith(f"warning: not committed, so not part of this: {PROMPT}\n")


def test_an_engine_that_does_not_answer_is_unknown_not_empty(
    project: Path, agentgit: Callable[..., Any], go_silent: Callable[[], None]
) -> None:
    assert project
    go_silent()
    done = agentgit("status", *STAGING)
    assert done.code == 1
    assert "? local cannot be reached: connection refused" in done.out
    for command in ("plan", "apply"):
        done = agentgit(command, *STAGING)
        assert done.code == 1
        assert done.err.startswith("error: ")
        assert "hint: " in done.err


def test_a_failure_is_taken_back_and_exits_3(
    applied: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
    engine: MemoryEngine,
) -> None:
    assert applied
    before = set(engine.replicas)
    edit("global/agents/hello.yaml", "language: en", "language: xx")
    commit("Break it")
    engine.behave = lambda _: "ends"
    done = agentgit("apply", *STAGING, "--yes")
    assert done.code == 3
    assert "  step: await-healthy\n" in done.out
    assert "its cause:  config.language  global/agents/hello.yaml:11:22\n" in done.out
    assert "rolled back: hello " in done.out
    assert "old replicas were never stopped" in done.out
    assert set(engine.replicas) == before
    assert "rolled back" in agentgit("history", *STAGING).out


def test_rollback_is_a_pin_until_unpin(
    applied: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert applied
    edit(PROMPT, "short", "long")
    commit("Longer")
    assert agentgit("apply", *STAGING, "--yes").code == 0
    done = agentgit("rollback", *STAGING, "--yes", "--reason", "too long")
    assert done.code == 0, done.err
    out = agentgit("plan", *STAGING).out
    assert out.startswith("pinned at ")
    assert ": too long\n" in out
    assert "No changes. " in out
    history = agentgit("history", *STAGING).out
    assert "reason: too long" in history
    assert '"Longer"' in history
    assert agentgit("unpin", *STAGING).code == 0
    assert "1 to change" in agentgit("plan", *STAGING).out


def test_status_shows_every_replica(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    done = agentgit("status", *STAGING)
    assert done.code == 0
    assert "everything runs as it should" in done.out
    assert "  hello  1 of 1 serving\n" in done.out
    document = json.loads(agentgit("status", *STAGING, "--json").out)
    assert document["pending"] is False
    assert document["instances"][0]["replicas"][0]["serving"] is True
    assert document["lastRollout"]["outcome"] == "succeeded"


def test_restart_replaces_by_equal_ones(
    applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert applied
    before = set(engine.replicas)
    done = agentgit("restart", "hello", *STAGING, "--yes")
    assert done.code == 0, done.err
    assert len(engine.replicas) == 1
    assert set(engine.replicas) != before
    assert agentgit("restart", "helo", *STAGING, "--yes").code == 64


def test_history_as_a_document(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    document = json.loads(agentgit("history", *STAGING, "--json").out)
    assert [one["kind"] for one in document["rollouts"]] == ["apply"]
    assert agentgit("history", "-e", "production").out.startswith("No rollouts yet.")


def test_logs_of_what_does_not_run(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    assert agentgit("logs", "hello", *STAGING).code == 0
    done = agentgit("logs", "hello", *STAGING, "--slot", "7")
    assert done.code == 64
    assert "hint: there are: " in done.err
    assert "--slot 1" in agentgit("logs", "--help").out
    assert agentgit("logs", "hello", *STAGING, "--slot", "0").code == 64
    assert "hint: running: hello" in agentgit("logs", "other", *STAGING).err


def test_destroy_wants_its_environment_named(
    applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert applied
    assert agentgit("destroy", "--yes").code == 64
    assert len(engine.replicas) == 1
    done = agentgit("destroy", *STAGING, "--yes")
    assert done.code == 0
    assert done.out.startswith("staging: everything that runs there is removed, volumes stay\n")
    assert "no file declares it" not in done.out
    assert "done: nothing of this project runs in staging any more, in " in done.out
    assert agentgit("status", *STAGING).out.startswith("staging: nothing runs: destroyed ")
    plan = agentgit("plan", *STAGING).out
    assert "\ncompared with 1 host, nothing runs: destroyed " in plan
    assert engine.replicas == {}

"""`drift`, on an engine in memory: what nobody asked for, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentgit.model.container import Limits
from agentgit.model.observed import Live
from agentgit.providers.memory import MemoryEngine

PROMPT = "global/prompts/hello.md"
STAGING = ("-e", "staging")


def change(engine: MemoryEngine, **facts: Any) -> None:
    name, (replica, spec) = next(iter(engine.replicas.items()))
    engine.replicas[name] = (replica.model_copy(update=facts), spec)


def test_none(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    done = agentgit("drift", *STAGING)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("No drift in staging on 1 host, 1 of 1 replica healthy (")
    document = json.loads(agentgit("drift", *STAGING, "--json").out)
    assert (document["format"], document["drifted"]) == ("agentgit/drift@1", False)
    assert document["changes"] == []


def test_what_was_changed_by_hand(
    applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert applied
    live = next(iter(engine.replicas.values()))[0].live
    change(engine, live=Live(limits=Limits(memory=99 << 20), restart=live.restart))
    done = agentgit("drift", *STAGING)
    assert done.code == 2
    assert "  ! hello  1 replica  drift" in done.out
    assert "memory 99m ->" in done.out
    document = json.loads(agentgit("drift", *STAGING, "--json").out)
    assert [cause["kind"] for cause in document["changes"][0]["causes"]] == ["drift"]


def test_what_is_gone(applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine) -> None:
    assert applied
    engine.replicas.clear()
    done = agentgit("drift", *STAGING)
    assert done.code == 2
    assert "  ! hello  1 replica  missing\n      slot 1 has no replica\n" in done.out


def test_a_pending_commit_is_none(
    applied: Path,
    agentgit: Callable[..., Any],
    engine: MemoryEngine,
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert applied
    edit(PROMPT, "short", "long")
    commit("Longer")
    assert agentgit("plan", *STAGING, "--detailed-exitcode").code == 2
    assert agentgit("drift", *STAGING).code == 0
    change(engine, state="exited", exit_code=137)
    done = agentgit("drift", *STAGING)
    assert done.code == 2
    assert "has ended with exit code 137" in done.out
    assert "instructions" not in done.out


def test_what_was_applied_to_a_part_is_none(
    applied: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert applied
    edit(PROMPT, "short", "long")
    commit("Longer")
    assert agentgit("apply", *STAGING, "--only", "hello", "--yes").code == 0
    assert agentgit("drift", *STAGING).code == 0


def test_never_applied_is_not_known(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("drift", *STAGING)
    assert done.code == 1
    assert "staging has never been applied to the end" in done.err


def test_destroyed_means_nothing_runs(
    applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert applied
    left = dict(engine.replicas)
    assert agentgit("destroy", *STAGING, "--yes").code == 0
    done = agentgit("drift", *STAGING)
    assert done.code == 0
    assert done.out.startswith("No drift in staging on 1 host, nothing runs: destroyed ")
    engine.replicas.update(left)
    assert agentgit("drift", *STAGING).code == 2


def test_a_silent_host_is_not_known(
    applied: Path, agentgit: Callable[..., Any], go_silent: Callable[[], None]
) -> None:
    assert applied
    go_silent()
    done = agentgit("drift", *STAGING)
    assert done.code == 1
    assert "cannot be reached: connection refused" in done.err


def test_several_give_the_most_serious_code(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    done = agentgit("drift", *STAGING, "-e", "production", "--json")
    assert done.code == 1
    assert [one["format"] for one in json.loads(done.out)] == [
        "agentgit/drift@1",
        "agentgit/problems@1",
    ]

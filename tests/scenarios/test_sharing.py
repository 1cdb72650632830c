"""The ledger at a remote: refused, away, read with plain git, and seen from a second clone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.conftest import SmallFleet, destroyed, make_small_fleet

REFS = "refs/agentgit/rollouts/production"
PROMPT = "global/prompts/worker.md"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SmallFleet]:
    """A small fleet whose ledger is shared at the bare repository beside it."""
    made = make_small_fleet(tmp_path / "small", "process", "", tmp_path / "state")
    made.edit("agentgit.yaml", "spec:", "spec:\n  ledger: {remote: origin}")
    made.commit("Share the ledger")
    made.git("clone", "-q", "--bare", str(made.folder), str(remote_of(made)))
    made.git("remote", "add", "origin", str(remote_of(made)))
    with destroyed(made):
        yield made


def remote_of(fleet: SmallFleet) -> Path:
    return fleet.folder.parent / "remote.git"


def recorded(fleet: SmallFleet) -> list[str]:
    """What the remote has, read with plain git: newest first."""
    shown = fleet.git(
        "--git-dir", str(remote_of(fleet)), "for-each-ref", "--sort=-refname",
        "--format=%(contents:subject)", REFS,
    )  # fmt: skip
    return [line.rpartition(" ")[2] for line in shown.splitlines()]


def test_a_remote_that_refuses_or_is_away_is_a_warning(shared: SmallFleet) -> None:
    hook = remote_of(shared) / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    refused = shared.apply()
    refused.has("warning: the rollout is recorded here, but origin does not take it", "declined")
    assert len(shared.running()) == 1
    assert recorded(shared) == []

    hook.unlink()
    remote_of(shared).rename(shared.folder.parent / "away.git")
    shared.write(PROMPT, "Be brief.\n")
    shared.commit("Brief")
    away = shared.apply()
    away.has(
        "warning: what others recorded since is not known", "warning: the rollout is recorded"
    )
    assert away.has("done: production runs").count("Traceback") == 0
    shared.plan().has("warning: what others recorded since is not known: origin does not answer")
    shared.run("history").has("warning: what others recorded", "succeeded")

    (shared.folder.parent / "away.git").rename(remote_of(shared))
    shared.write(PROMPT, "Be clear.\n")
    shared.commit("Clear")
    assert "warning" not in shared.apply().err
    assert recorded(shared) == ["succeeded"] * 3


def test_a_second_clone_sees_history_and_pin(shared: SmallFleet, tmp_path: Path) -> None:
    first = shared.git("rev-parse", "HEAD")
    shared.apply("--reason", "the beginning")
    shared.write(PROMPT, "Be brief.\n")
    shared.commit("Brief")
    shared.git("push", "-q", "origin", "main")
    shared.apply()
    shared.run("rollback", "--reason", "too brief", "--yes")

    ref = shared.git(
        "--git-dir", str(remote_of(shared)), "for-each-ref", "--sort=refname", "--count=1",
        "--format=%(objectname)", REFS,
    )  # fmt: skip
    show = ("--git-dir", str(remote_of(shared)), "show")
    assert json.loads(shared.git(*show, f"{ref}:rollout.json"))["commit"] == first
    assert "Agentgit-Outcome: succeeded" in shared.git(*show, "-s", "--format=%B", ref)
    assert "the beginning" in shared.git(*show, "-s", "--format=%B", ref)

    clone = shared.clone(str(remote_of(shared)), tmp_path / "second")
    rollouts = clone.run("history", "--json").json["rollouts"]
    assert [one["kind"] for one in rollouts] == ["rollback", "apply", "apply"]
    before = clone.running()
    clone.plan("--detailed-exitcode").has(f"pinned at {first[:7]}", "too brief", "No changes.")
    assert clone.apply().out.startswith("pinned at")
    assert clone.running() == before, "apply follows the pin"

    clone.run("unpin", "--reason", "settled")
    assert "pinned" not in shared.plan("--detailed-exitcode", expect=2).out
    shared.apply()
    assert clone.plan("--detailed-exitcode").out.startswith("No changes.")

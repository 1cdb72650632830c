"""What is said when something is easily missed or has gone wrong, through the whole program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.errors import EngineError
from agentgit.providers.memory import MemoryEngine, MemoryProvider

AGENT = "global/agents/hello.yaml"
STAGING = ("-e", "staging")
BOTH = ("-e", "production")


@pytest.fixture
def change(
    edit: Callable[[str, str, str], None], commit: Callable[[str], str]
) -> Callable[[str, str], str]:
    """Commit another language; gives the commit."""

    def call(old: str, new: str) -> str:
        edit(AGENT, f"language: {old}", f"language: {new}")
        return commit(f"Speak {new}")

    return call


def test_a_missing_image_changes_nothing_and_names_its_line(
    applied: Path,
    agentgit: Callable[..., Any],
    git: Callable[..., str],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
    engine: MemoryEngine,
) -> None:
    assert applied
    short = git("rev-parse", "HEAD")[:7]
    edit(AGENT, "acme-hello:1.0.0  #", "newcomer-bot:99  #")
    commit("An image that nobody has")
    engine.missing_images.add("newcomer-bot:99")
    before = set(engine.replicas)
    done = agentgit("apply", *STAGING, "--yes")
    assert done.code == 1
    assert f"\n  asked for:  hello  {AGENT}:13:12\n" in done.out
    assert f"failed: nothing was changed; staging still runs {short}\n" in done.out
    assert done.out.count("newcomer-bot:99 and cannot get it") == 1
    assert set(engine.replicas) == before


def test_a_way_back_that_fails_is_no_success(
    applied: Path,
    agentgit: Callable[..., Any],
    change: Callable[[str, str], str],
    engine: MemoryEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert applied
    change("en", "fr")
    engine.behave = lambda _: "unhealthy"
    perform = MemoryProvider.perform

    def refuse(self: MemoryProvider, step: Any, stamp: Any) -> None:
        if step.kind == "remove-replica":
            raise EngineError(f"{self.host}: no space left")
        perform(self, step, stamp)

    monkeypatch.setattr(MemoryProvider, "perform", refuse)
    done = agentgit("apply", *STAGING, "--yes")
    assert done.code == 1
    assert "rolled back" not in done.out
    assert " did not succeed either; staging is between two states\n" in done.out
    assert "  hello  1 healthy of the old revision " in done.out
    assert ", 1 exited with 0 of the new revision " in done.out
    assert "agentgit rollback -e staging --to " in done.out
    status = agentgit("status", *STAGING).out
    assert ", old " in status
    assert ", wanted " in status


def test_what_went_back_is_remembered_and_not_tried_again(
    applied: Path,
    agentgit: Callable[..., Any],
    change: Callable[[str, str], str],
    commit: Callable[[str], str],
    engine: MemoryEngine,
) -> None:
    assert applied
    change("en", "fr")
    engine.behave = lambda _: "ends"
    done = agentgit("apply", *STAGING, "--yes")
    assert done.code == 3
    assert "\nin quarantine: hello " in done.out
    assert "; a commit that changes it is tried, any other is refused\n" in done.out
    commit("Nothing else")  # another commit that asks for the same
    for command in (("plan",), ("apply", "--yes")):
        done = agentgit(*command, *STAGING)
        assert done.code == 7
        assert "error: hello would change to " in done.err
        assert ", await-healthy: " in done.err
        assert "agentgit apply -e staging --retry --reason TEXT\n" in done.err
    said = r"this was tried (just now|\d+ seconds ago) and rolled back \(rollout 2"
    assert re.search(said, agentgit("plan", *STAGING, "--retry").out)
    status = agentgit("status", *STAGING)
    assert "went back to " in status.out
    assert "\nin quarantine: hello " in status.out
    assert "1 change is pending" in status.out
    document = json.loads(agentgit("status", *STAGING, "--json").out)
    assert [one["instance"] for one in document["quarantine"]] == ["hello"]
    change("fr", "es")
    assert "was tried" not in agentgit("plan", *STAGING).out
    assert "in quarantine" not in agentgit("status", *STAGING).out


def test_a_pin_is_announced_and_its_end_is_told(
    applied: Path,
    agentgit: Callable[..., Any],
    git: Callable[..., str],
    change: Callable[[str, str], str],
) -> None:
    assert applied
    first = git("rev-parse", "HEAD")
    change("en", "fr")
    assert agentgit("apply", *STAGING, "--yes").code == 0
    done = agentgit("apply", *STAGING, "--revision", first, "--reason", "too brief")
    assert done.code == 64  # nobody to ask: what it would do has been said before
    assert f"carrying this out pins staging at {first[:7]} instead of " in done.out
    assert "pins it there" in agentgit("apply", "--help").out
    assert agentgit("rollback", *STAGING, "--yes", "--reason", "too brief").code == 0
    new = change("fr", "es")
    out = agentgit("plan", *STAGING).out
    assert f"the pin at {first[:7]} by " in out
    assert f" (too brief) ended with {new[:7]}\n" in out


def test_a_branch_that_is_not_followed_is_named(
    project: Path,
    agentgit: Callable[..., Any],
    git: Callable[..., str],
    commit: Callable[[str], str],
) -> None:
    assert project
    assert "follows" not in agentgit("plan", *BOTH).out
    git("switch", "-qc", "feature")
    assert "follows" not in agentgit("plan", *BOTH).out  # the same commit
    commit("A feature")
    out = agentgit("plan", *BOTH).out
    way = "agentgit plan -e production --revision feature"
    assert f"production follows main; to see what feature would change:  {way}\n" in out
    assert "follows" not in agentgit("plan", *BOTH, "--revision", "feature").out


def test_a_part_does_not_stand_for_the_whole(
    applied: Path, agentgit: Callable[..., Any], commit: Callable[[str], str]
) -> None:
    instances = applied / "environments/staging/instances"
    text = (instances / "hello.yaml").read_text(encoding="utf-8")
    (instances / "beta.yaml").write_text(text.replace("name: hello", "name: beta"))
    commit("Beta")
    plan = agentgit("plan", *STAGING, "--only", "beta").out
    assert " · 1 of 2 instances" in plan
    assert "0 unchanged, 1 left out\n" in plan
    done = agentgit("apply", *STAGING, "--only", "beta", "--yes")
    assert "done: beta runs " in done.out
    assert ", the rest of staging is as it was; 1 added" in done.out
    assert agentgit("restart", "beta", *STAGING, "--yes").out.count("has been restarted in") == 1


def test_plain_progress_is_short_unless_asked_for_more(
    applied: Path, agentgit: Callable[..., Any], change: Callable[[str, str], str]
) -> None:
    assert applied
    change("en", "fr")
    brief = agentgit("apply", *STAGING, "--yes").err
    assert brief.count(" hello: healthy: ") == brief.count(" hello: removed: ") == 1
    assert "created" not in brief
    change("fr", "es")
    every = agentgit("apply", *STAGING, "--yes", "-v").err
    for word in ("created", "started", "waiting until healthy", "healthy", "stopped", "removed"):
        assert f" hello: {word}: " in every


def test_what_does_not_run_is_not_restarted(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("restart", "hello", *STAGING, "--yes")
    assert done.code == 7
    assert done.err == (
        "error: hello does not run, so it cannot be restarted as it is\n"
        "hint: agentgit apply -e staging brings it to what is asked for\n"
    )

"""`history show` and `why`: from a rollout or a container back to the line and its author."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.providers.memory import MemoryEngine

AGENT = "global/agents/hello.yaml"
STAGING = ("-e", "staging")
Run = Callable[..., Any]
Edit = Callable[[str, str, str], None]
Commit = Callable[[str], str]


@pytest.fixture
def changed(project: Path, agentgit: Run, edit: Edit, commit: Commit, engine: MemoryEngine) -> str:
    """Two rollouts, the second for a changed value; gives the replica that the first one made."""
    assert project
    assert agentgit("apply", *STAGING, "--yes").code == 0
    (old,) = engine.replicas
    edit(AGENT, "language: en", "language: nl")
    commit("Dutch")
    assert agentgit("apply", *STAGING, "--yes", "--reason", "for Utrecht").code == 0
    return old


def rollouts(agentgit: Run) -> list[dict[str, Any]]:
    document = json.loads(agentgit("history", *STAGING, "--json").out)
    found: list[dict[str, Any]] = document["rollouts"]
    return found


def test_history_show_tells_all_of_a_rollout(changed: str, agentgit: Run) -> None:
    assert changed
    newest, oldest = rollouts(agentgit)
    done = agentgit("history", "show", newest["id"])
    assert done.code == 0, done.err
    assert done.out.startswith(f"staging  rollout {newest['id']}  apply, succeeded\n")
    assert '"Dutch" (Ana' in done.out
    assert "reason  for Utrecht" in done.out
    assert f"config.language  en -> nl  {AGENT}:11:" in done.out
    assert "hello: healthy: " in done.out
    assert "created" not in done.out
    assert f"agentgit rollback -e staging --to {newest['commit'][:7]}\n" in done.out
    assert "created" in agentgit("history", "show", newest["id"], *STAGING, "-v").out
    first = agentgit("history", "show", oldest["id"].rpartition("-")[2])
    assert f"rollout {oldest['id']}" in first.out
    assert "+ hello" in first.out


def test_history_show_as_a_document(changed: str, agentgit: Run) -> None:
    assert changed
    newest = rollouts(agentgit)[0]
    document = json.loads(agentgit("history", "show", newest["id"], *STAGING, "--json").out)
    assert document["format"] == "agentgit/history-show@1"
    assert document["rollout"] == newest
    assert document["plan"]["changes"][0]["fields"][0]["path"] == "config.language"
    assert document["events"][-1]["kind"] == "rollout-finished"


def test_a_name_that_is_none_or_several(changed: str, agentgit: Run) -> None:
    assert changed
    done = agentgit("history", "show", "2")
    assert done.code == 64
    assert "2 can mean 2 rollouts" in done.err
    done = agentgit("history", "show", "nothing")
    assert done.code == 64
    assert "there is no rollout nothing" in done.err
    assert agentgit("history", "show").code == 64
    assert "ROLLOUT" in agentgit("history", "show", "--help").out


def test_why_leads_from_a_container_to_the_author(
    changed: str, agentgit: Run, engine: MemoryEngine
) -> None:
    assert changed
    ((name, (replica, _)),) = engine.replicas.items()
    newest = rollouts(agentgit)[0]
    for text in (name, replica.id, name[:-1]):
        done = agentgit("why", text)
        assert done.code == 0, done.err
        assert done.out.startswith(f"{name}  healthy on local")
        assert f"{newest['id']}  apply, succeeded" in done.out
        assert ": for Utrecht\n" in done.out
        assert '"Dutch" (Ana' in done.out
        (line,) = [one for one in done.out.splitlines() if "config.language" in one]
        assert f"en -> nl  {AGENT}:11:" in line
        assert line.endswith(f"{newest['commit'][:7]} Ana")
        assert "  healthy after " in done.out
        assert f"agentgit history show {newest['id']} -e staging\n" in done.out


def test_why_of_what_is_gone(changed: str, agentgit: Run) -> None:
    newest, oldest = rollouts(agentgit)
    done = agentgit("why", changed, *STAGING)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{changed}  is gone, it was on local\n")
    assert f"rollout     {oldest['id']}" in done.out
    assert f"removed by  {newest['id']}" in done.out
    assert "it is new:  environments/staging/instances/hello.yaml  " in done.out
    assert "Ana" in done.out
    assert agentgit("why", changed[:-1]).out.startswith(f"{changed}  is gone")


def test_why_of_what_nobody_can_see(
    changed: str, agentgit: Run, engine: MemoryEngine, go_silent: Callable[[], None]
) -> None:
    (name,) = engine.replicas
    go_silent()
    done = agentgit("why", name, *STAGING)
    assert done.out.startswith(f"{name}  may run: what runs on local is not known\n")
    assert "removed by" not in done.out
    assert json.loads(agentgit("why", name, *STAGING, "--json").out)["running"] is None
    assert agentgit("why", changed, *STAGING).out.startswith(
        f"{changed}  is gone, it was on local"
    )


def test_why_of_a_container_that_is_gone_by_its_id(
    project: Path, agentgit: Run, edit: Edit, commit: Commit, engine: MemoryEngine
) -> None:
    assert project
    assert agentgit("apply", *STAGING, "--yes").code == 0
    ((name, (replica, _)),) = engine.replicas.items()
    edit(AGENT, "language: en", "language: nl")
    commit("Dutch")
    assert agentgit("apply", *STAGING, "--yes").code == 0
    assert agentgit("why", replica.id).out.startswith(f"{name}  is gone")


def test_why_as_a_document(changed: str, agentgit: Run, engine: MemoryEngine) -> None:
    (name,) = engine.replicas
    document = json.loads(agentgit("why", name, "--json").out)
    assert document["format"] == "agentgit/why@1"
    assert document["running"] is True
    assert document["environment"] == "staging"
    (field,) = document["change"]["fields"]
    assert field["origin"]["path"] == AGENT
    assert field["blame"]["commit"]["subject"] == "Dutch"
    assert document["evidence"][0]["what"] == "healthy"
    gone = json.loads(agentgit("why", changed, "--json").out)
    assert gone["running"] is False
    assert gone["removedBy"]["id"] == document["rollout"]["id"]


def test_why_of_a_replica_that_failed_has_the_evidence(
    changed: str, agentgit: Run, edit: Edit, commit: Commit, engine: MemoryEngine
) -> None:
    assert changed
    edit(AGENT, "language: nl", "language: xx")
    commit("Break it")
    engine.behave = lambda _: "ends"
    assert agentgit("apply", *STAGING, "--yes").code == 3
    newest = rollouts(agentgit)[0]
    failed = newest["failure"]["replica"]
    done = agentgit("why", failed)
    assert f"{failed}  is gone" in done.out
    assert "  failed " in done.out
    shown = agentgit("history", "show", newest["id"])
    assert "rolled back\n" in shown.out.splitlines(keepends=True)[0]
    assert "what failed\n" in shown.out
    assert "its cause:  config.language" in shown.out
    assert "to try again:  fix it" in shown.out


def test_why_of_nobody(changed: str, agentgit: Run, engine: MemoryEngine) -> None:
    assert changed
    (name,) = engine.replicas
    done = agentgit("why", name.replace("hello", "helo"))
    assert done.code == 64
    assert f"hint: did you mean {name}?" in done.err
    done = agentgit("why", "postgres", *STAGING)
    assert done.code == 64
    assert "no replica postgres runs in staging, and no rollout made one" in done.err
    assert agentgit("why", "", *STAGING).code == 64

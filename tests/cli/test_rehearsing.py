"""`plan --rehearse`: the plan, and how it would go; nothing that runs is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentgit.providers.memory import MemoryEngine

STAGING = ("-e", "staging")


def test_it_is_part_of_the_plan_in_every_form(
    project: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert project
    text = agentgit("plan", *STAGING, "--rehearse")
    assert text.code == 0
    assert "rehearsed: about " in text.out
    assert "at most 1 replica at once, 256 MiB by their limits" in text.out
    comment = agentgit("plan", *STAGING, "--rehearse", "--format", "markdown")
    assert "`rehearsed: about " in comment.out
    document = json.loads(agentgit("plan", *STAGING, "--rehearse", "--json").out)
    assert document["rehearsal"]["replicasPeak"] == 1
    assert document["rehearsal"]["seconds"] > 0
    assert engine.calls == []


def test_only_who_asks_for_it_gets_it(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    assert "rehearsed" not in agentgit("plan", *STAGING).out


def test_of_nothing_there_is_no_rehearsal(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    assert agentgit("apply", *STAGING, "--yes").code == 0
    assert agentgit("plan", *STAGING, "--rehearse").out.startswith("No changes.")
    document = json.loads(agentgit("plan", *STAGING, "--rehearse", "--json").out)
    assert document["rehearsal"] is None

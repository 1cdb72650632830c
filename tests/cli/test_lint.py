"""`agentgit lint`: grouped, bounded, quiet unless told to be strict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("project")
def test_findings_and_exit_codes(agentgit: Callable[..., Any]) -> None:
    for number in range(12):
        Path(f"global/prompts/old-{number}.md").write_text("x", encoding="utf-8")
    done = agentgit("lint")
    assert done.code == 0
    assert "unused-file  files that no instance leads to: delete them" in done.out
    assert "  and 2 more" in done.out
    assert "lint.agentgit.dev/" in done.out
    assert agentgit("lint", "--strict").code == 1


@pytest.mark.usefixtures("project")
def test_json(agentgit: Callable[..., Any]) -> None:
    Path("global/prompts/old.md").write_text("x", encoding="utf-8")
    document = json.loads(agentgit("lint", "--json").out)
    assert document["format"] == "agentgit/lint@1"
    (one,) = (one for one in document["findings"] if one["rule"] == "unused-file")
    assert one["location"]["path"] == "global/prompts/old.md"
    assert one["silenced"] is False
    assert one["reason"] is None


@pytest.mark.usefixtures("project")
def test_an_unknown_environment(agentgit: Callable[..., Any]) -> None:
    assert agentgit("lint", "-e", "nowhere").code == 64


def test_the_example_has_nothing_to_find(agentgit: Callable[..., Any]) -> None:
    done = agentgit("-C", str(ROOT / "example-repo"), "lint", "--strict")
    assert done.code == 0, done.out
    assert "nothing found, " in done.out

"""`--blame`: every place that is shown gets its commit, also for what is not committed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
HERE = "environments/production/defaults.yaml"
ASKED = ("explain", "hello", "spec.model.params.temperature", "-e", "production")


@pytest.fixture
def story(project: Path, edit: Call, commit: Call, git: Call) -> tuple[str, str]:
    """Two commits: the global value is from the first, production's from the second."""
    assert project
    first = git("rev-parse", "HEAD")
    edit(HERE, "temperature: 0.2", "temperature: 0.1")
    return first, commit("Colder")


def test_a_chain(story: tuple[str, str], agentgit: Call) -> None:
    first, second = story
    rows = [line.split() for line in agentgit(*ASKED, "--blame").out.splitlines()]
    assert rows[0] == ["0.1"]
    assert rows[1][:4] == [f"{HERE}:6:33", "0.1", second[:7], "Ana"]
    assert rows[1][-1] == '"Colder"'
    assert rows[2][:5] == ["global/defaults.yaml:9:27", "0.7", "overridden", first[:7], "Ana"]


def test_uncommitted(story: tuple[str, str], agentgit: Call, edit: Call) -> None:
    _, second = story
    edit(HERE, "temperature: 0.1", "temperature: 0.3")
    assert "0.3              not committed" in agentgit(*ASKED, "--blame").out
    assert second[:7] in agentgit(*ASKED, "--blame", "--revision", "HEAD").out
    document = json.loads(agentgit(*ASKED, "--blame", "--json").out)
    top, below = document["values"][0]["settings"]
    assert top["blame"] == {"commit": None, "orEarlier": False}
    assert below["blame"]["commit"]["sha"] == story[0]
    assert "blame" not in json.loads(agentgit(*ASKED, "--json").out)["values"][0]["settings"][0]


def test_the_whole_document(story: tuple[str, str], agentgit: Call) -> None:
    first, second = story
    out = agentgit("explain", "hello", "-e", "production", "--blame").out
    (line,) = [one for one in out.splitlines() if "temperature" in one]
    assert line.split()[2:5] == ["#", f"{HERE}:6:33", second[:7]]
    (line,) = [one for one in out.splitlines() if "language" in one]
    assert first[:7] in line


def test_a_plan(story: tuple[str, str], agentgit: Call, commit: Call, edit: Call) -> None:
    first, second = story
    assert agentgit("apply", "-e", "production", "--yes").code == 0
    edit(HERE, "temperature: 0.1", "temperature: 0.3")
    edit("global/prompts/hello.md", "You", "Please, you")
    third = commit("Warmer")
    out = agentgit("plan", "-e", "production", "--blame").out
    rows = [line.split() for line in out.splitlines()]
    (row,) = [one for one in rows if one[:1] == ["model.params.temperature"]]
    assert row[-3:] == [f"{HERE}:6:33", third[:7], "Ana"]
    (over,) = [one for one in rows if one[:1] == ["over"]]
    assert over == ["over", "global/defaults.yaml:9:27", first[:7], "Ana"]
    (text,) = [one for one in rows if one[:1] == ["instructions.text"]]
    assert text == ["instructions.text", "global/prompts/hello.md:1", third[:7], "Ana"]
    assert third[:7] not in "".join(
        line for line in agentgit("plan", "-e", "production").out.splitlines()[2:]
    )
    document = json.loads(agentgit("plan", "-e", "production", "--blame", "--json").out)
    (change,) = [one for one in document["changes"] if one["kind"] != "keep"]
    assert {one["blame"]["commit"]["sha"] for one in change["fields"]} == {third}
    assert second != third

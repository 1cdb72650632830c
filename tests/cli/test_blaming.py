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


def test_everybody_who_wrote_a_changed_line(project: Path, agentgit: Call, commit: Call) -> None:
    (project / "global/prompts/hello.md").write_text("one\ntwo\nthree\nfour\n")
    old = commit("Four lines")
    assert agentgit("apply", "-e", "production", "--yes").code == 0
    (project / "global/prompts/hello.md").write_text("ONE\ntwo\nthree\nfour\n")
    first = commit("Louder")
    (project / "global/prompts/hello.md").write_text("ONE\ntwo\nthree\nFOUR\n")
    second = commit("Louder still")
    out = agentgit("plan", "-e", "production", "--blame").out
    (row,) = [one for one in out.splitlines() if "hello.md:1-4" in one]
    assert row.count("Ana") == 2
    assert first[:7] in row
    assert second[:7] in row
    assert old[:7] not in row  # the lines between are nobody's doing
    document = json.loads(agentgit("plan", "-e", "production", "--blame", "--json").out)
    field = next(f for one in document["changes"] for f in one["fields"])
    assert {one["commit"]["sha"] for one in field["blames"]} == {second, first}
    assert field["blame"] == field["blames"][0]
    assert field["changed"] is None


def test_what_is_gone_has_who_changed_the_file_last(
    project: Path, agentgit: Call, commit: Call, edit: Call
) -> None:
    name = "environments/production/instances/other.yaml"
    (project / "global/prompts/hello.md").write_text("one\ntwo\n")
    (project / name).write_text("kind: Instance\nmetadata: {name: other}\nspec: {agent: hello}\n")
    commit("Another")
    assert agentgit("apply", "-e", "production", "--yes").code == 0
    (project / "global/prompts/hello.md").write_text("one\n")
    shorter = commit("Shorter")
    edit(HERE, "temperature: 0.2", "top_p: 1")
    colder = commit("No temperature here")
    (project / name).rename(project / name.replace("other", "third"))
    edit(name.replace("other", "third"), "name: other", "name: third")
    moved = commit("A new name")
    asked = ("plan", "-e", "production", "--blame", "--allow", "removed", "--allow", "renames")
    out = agentgit(*asked).out
    lines = out.splitlines()
    (text,) = [one for one in lines if "instructions.text" in one]
    assert text.endswith(f"the file last changed by {shorter[:7]} Ana")
    (new,) = [one for one in lines if one.startswith("  + third")]
    (gone,) = [one for one in lines if one.startswith("  - other")]
    assert new.endswith(f"{moved[:7]} Ana")
    assert gone.endswith(f"{moved[:7]} Ana")
    assert colder[:7] in out
    document = json.loads(agentgit(*asked, "--json").out)
    by_name = {one["instance"]: one for one in document["changes"]}
    assert by_name["other"]["changed"]["commit"]["sha"] == moved
    text = next(f for f in by_name["hello"]["fields"] if f["path"] == "instructions.text")
    assert text["changed"]["commit"]["sha"] == shorter
    assert (text["blame"], text["blames"]) == (None, [])

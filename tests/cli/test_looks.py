"""How a plan and a comparison are written: short, whole, as wide as the terminal, one comment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from agentgit.cli.settings import Settings
from agentgit.providers.memory import MemoryEngine
from agentgit.report.effect_markdown import LIMIT

PROMPT = "global/prompts/hello.md"
STAGING = ("-e", "staging")
BOTH = (*STAGING, "-e", "production")


@pytest.fixture
def rewritten(project: Path, agentgit: Callable[..., Any], commit: Callable[[str], str]) -> Path:
    """A prompt of many long lines, committed after the first one was applied everywhere."""
    for name in ("staging", "production"):
        assert agentgit("apply", "-e", name, "--yes").code == 0
    lines = (f"Rule {n}: {'never mind this, ' * 9}and tell nobody.\n" for n in range(400))
    Path(PROMPT).write_text("".join(lines), encoding="utf-8")
    commit("Rules")
    return project


def test_full_shows_what_is_folded_otherwise(
    rewritten: Path, agentgit: Callable[..., Any]
) -> None:
    assert rewritten
    assert agentgit("plan", *STAGING, "--out", "rules.plan").code == 0
    for command in (("plan", *STAGING), ("show", "rules.plan"), ("diff", "HEAD~1")):
        folded, full = (agentgit(*command, *more).out for more in ((), ("--full",)))
        assert "--full shows all" in folded
        assert "Rule 399" not in folded
        assert "--full" not in full
        assert all(f"+ Rule {n}: " in full for n in range(400))


def test_the_summary_is_short(rewritten: Path, agentgit: Callable[..., Any]) -> None:
    assert rewritten
    assert agentgit("plan", *STAGING, "--out", "rules.plan").code == 0
    plan = agentgit("plan", *STAGING, "--summary").out
    assert [line for line in plan.splitlines() if line.startswith("  ~")] == [
        "  ~ hello  1 replica  prompt  (rolling, start-first)"
    ]
    assert "risk: medium (prompt)" in plan
    assert "0 to add, 1 to change" in plan
    assert len(plan.splitlines()) < 12
    saved = agentgit("show", "rules.plan", "--summary").out
    assert saved == plan.replace("agentgit apply -e staging", "agentgit apply rules.plan")
    assert agentgit("plan", *STAGING, "--json").code == 0


@pytest.mark.parametrize(
    "ways",
    [
        ("--summary", "--full"),
        ("--json", "--full"),
        ("--json", "--format", "markdown"),
        ("--format", "markdown", "--summary"),
    ],
)
def test_two_ways_to_write_exclude_each_other(
    project: Path, agentgit: Callable[..., Any], ways: tuple[str, ...]
) -> None:
    assert project
    done = agentgit("plan", *STAGING, *ways)
    assert done.code == 64
    assert "exclude each other" in done.err


@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit_the_columns_that_there_are(
    rewritten: Path,
    agentgit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    assert rewritten
    assert max(map(len, agentgit("plan", *STAGING).out.splitlines())) > 120
    monkeypatch.setenv("COLUMNS", str(width))
    status = ("status", *STAGING)
    for command in (("plan", *STAGING), ("diff", "HEAD~1"), ("plan", *STAGING, "--full"), status):
        lines = agentgit(*command).out.splitlines()
        assert max(map(len, lines)) <= width
    assert json.loads(agentgit("plan", *STAGING, "--json").out)["environment"] == "staging"


def test_a_terminal_says_its_width_and_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda *_: os.terminal_size((72, 20)))
    settings = Settings.read(Path(), {}, no_color=True)
    assert (settings.width(Terminal()), settings.width(StringIO())) == (72, None)


def test_two_environments_are_one_comment(rewritten: Path, agentgit: Callable[..., Any]) -> None:
    assert rewritten
    both = agentgit("plan", *BOTH, "--format", "markdown").out
    assert both.count("### agentgit plan: ") == 2
    assert LIMIT // 3 < len(both.encode()) <= LIMIT


def test_a_cut_comment_names_the_way_that_was_taken(
    rewritten: Path, agentgit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rewritten
    monkeypatch.setattr("agentgit.report.effect_markdown.LIMIT", 1000)
    asked = (*STAGING, "--revision", "main", "--only", "hello", "--allow", "replaced")
    text = agentgit("plan", *asked, "--format", "markdown").out
    way = "agentgit plan -e staging --revision main --only hello --allow replaced --full"
    assert f"`{way}` shows all of it." in text
    assert agentgit(*way.split()[1:]).code == 0
    assert agentgit("plan", *STAGING, "--out", "my plan").code == 0
    shown = agentgit("show", "my plan", "--format", "markdown").out
    assert "`agentgit show 'my plan' --full` shows all of it." in shown


def test_an_image_that_the_host_does_not_have_is_named(
    project: Path,
    agentgit: Callable[..., Any],
    engine: MemoryEngine,
) -> None:
    assert project
    told = "pulled first, as no such image is there: "
    before = agentgit("plan", *STAGING).out
    assert told in before
    assert told in agentgit("plan", *STAGING, "--format", "markdown").out
    document = json.loads(agentgit("plan", *STAGING, "--json").out)
    (absent,) = document["absentImages"]
    engine.images.add(absent["name"])
    assert told not in agentgit("plan", *STAGING).out
    assert json.loads(agentgit("plan", *STAGING, "--json").out)["absentImages"] == []

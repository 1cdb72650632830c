"""Retry, terms and the guarded line, as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.cli.span import Span
from agentgit.providers.memory import MemoryEngine

STAGING = ("-e", "staging")
PROMPT = "global/prompts/hello.md"


@pytest.fixture
def two(
    project: Path,
    agentgit: Callable[..., Any],
    git: Callable[..., str],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> str:
    """Two commits are applied; gives the first."""
    assert project
    first = git("rev-parse", "HEAD")
    for old, new in (("short", "brief"), ("brief", "long")):
        assert agentgit("apply", *STAGING, "--yes").code == 0
        edit(PROMPT, old, new)
        commit(new)
    git("reset", "-q", "--hard", "HEAD~")
    assert agentgit("apply", *STAGING, "--yes").code == 0
    return first


def test_a_retry_needs_a_reason_and_records_it(
    two: str,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
    engine: MemoryEngine,
) -> None:
    assert two
    edit("global/agents/hello.yaml", "language: en", "language: xx")
    commit("Break it")
    engine.behave = lambda _: "ends"
    assert agentgit("apply", *STAGING, "--yes").code == 3
    engine.behave = lambda _: "healthy"
    assert agentgit("apply", *STAGING, "--yes").code == 7
    done = agentgit("apply", *STAGING, "--yes", "--retry")
    assert done.code == 64
    assert "hint: --reason TEXT" in done.err
    done = agentgit("apply", *STAGING, "--yes", "--retry", "--reason", "the disk is mended")
    assert done.code == 0, done.err
    assert "reason: the disk is mended" in agentgit("history", *STAGING).out
    assert agentgit("plan", *STAGING).out.startswith("No changes. ")


def test_a_pin_for_a_time_is_shown_wherever_the_pin_is(
    two: str, agentgit: Callable[..., Any]
) -> None:
    done = agentgit("rollback", *STAGING, "--to", two, "--for", "7d", "--yes")
    assert done.code == 0, done.err
    assert " UTC, a newer commit or:  agentgit unpin -e staging\n" in done.out
    for command in ("plan", "status"):
        assert "the pin ends at 2" in agentgit(command, *STAGING).out
    assert '"expires": "2' in agentgit("plan", *STAGING, "--json").out


def test_what_makes_no_sense_is_refused(
    two: str, agentgit: Callable[..., Any], subtests: pytest.Subtests
) -> None:
    assert two
    before = agentgit("history", *STAGING, "--json").out
    for words in (
        ("apply", "--for", "7d"),
        ("apply", "--for", "7d", "--revision", "HEAD"),
        ("apply", "--for", "7d", "--revision", "HEAD~", "--only", "hello"),
        ("rollback", "--for", "7"),
        ("rollback", "--for", "0d"),
        ("rollback", "--for", "999999999w"),
    ):
        with subtests.test(" ".join(words)):
            done = agentgit(*words, *STAGING, "--yes")
            assert done.code == 64
            assert "\nhint: " in done.err
    assert agentgit("rollback", "--to", "HEAD", *STAGING, "--yes").out.startswith("No changes. ")
    assert agentgit("history", *STAGING, "--json").out == before


def test_a_branch_that_went_back_is_refused_and_a_flag_allows_it(
    two: str, agentgit: Callable[..., Any], git: Callable[..., str]
) -> None:
    git("reset", "-q", "--hard", two)
    for command in (("plan",), ("apply", "--yes")):
        done = agentgit(*command, *STAGING)
        assert done.code == 7
        assert "a newer commit is applied to staging already" in done.err
        assert f"agentgit rollback -e staging --to {two[:7]}" in done.err
    assert "1 to change" in agentgit("plan", *STAGING, "--allow", "diverged").out
    assert "1 change is pending" in agentgit("status", *STAGING).out
    assert agentgit("apply", *STAGING, "--yes", "--allow", "diverged").code == 0
    assert agentgit("plan", *STAGING).out.startswith("No changes. ")


@pytest.mark.parametrize(
    ("text", "seconds"), [("7d", 604800), ("1d12h", 129600), ("90m", 5400), ("2w", 1209600)]
)
def test_spans_are_read_as_they_are_typed(text: str, seconds: float) -> None:
    assert Span().convert(text, None, None) == seconds

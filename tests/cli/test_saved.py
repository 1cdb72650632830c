"""`plan --out`, `show` and `apply FILE`, on an engine in memory."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.providers.memory import MemoryEngine

PROMPT = "global/prompts/hello.md"
STAGING = ("-e", "staging")
SAVE = ("plan", *STAGING, "--out", "my plan")


@pytest.fixture
def pending(
    project: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> Path:
    """One thing applied, and another one committed."""
    assert agentgit("apply", *STAGING, "--yes").code == 0
    edit(PROMPT, "short", "long")
    commit("Longer")
    return project


def test_it_is_shown_as_the_plan_was(pending: Path, agentgit: Callable[..., Any]) -> None:
    saved = agentgit(*SAVE)
    assert (saved.code, saved.err) == (0, "saved in my plan\n")
    assert saved.out.endswith("to carry it out:  agentgit apply 'my plan'\n")
    assert stat.S_IMODE((pending / "my plan").stat().st_mode) == 0o600
    shown = agentgit("show", "my plan")
    assert shown.code == 0
    assert shown.out == saved.out
    assert "whether it still holds" in shown.err
    for form in (("--json",), ("--format", "markdown")):
        assert agentgit("show", "my plan", *form).out == agentgit("plan", *STAGING, *form).out


def test_it_is_shown_where_there_is_no_repository(
    pending: Path,
    agentgit: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved = agentgit(*SAVE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "my plan").write_bytes((pending / "my plan").read_bytes())
    monkeypatch.chdir(elsewhere)
    shown = agentgit("show", "my plan")
    assert (shown.code, shown.out) == (0, saved.out)


def test_it_is_applied(pending: Path, agentgit: Callable[..., Any], engine: MemoryEngine) -> None:
    assert pending
    name = next(iter(engine.replicas))
    agentgit(*SAVE)
    done = agentgit("apply", "my plan", "--yes")
    assert done.code == 0, done.err
    assert "done: staging runs " in done.out
    assert name not in engine.replicas
    history = json.loads(agentgit("history", *STAGING, "--json").out)
    digest = json.loads((pending / "my plan").read_bytes())["digest"]
    assert [one["savedPlan"] for one in history["rollouts"]] == [digest, None]
    again = agentgit("apply", "my plan", "--yes")
    assert again.code == 4
    assert "this plan was carried out already: rollout " in again.err


def test_it_asks_where_nobody_said_yes(pending: Path, agentgit: Callable[..., Any]) -> None:
    assert pending
    agentgit(*SAVE)
    assert agentgit("apply", "my plan").code == 64


def test_it_is_stale_when_something_else_is_asked_for(
    pending: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert pending
    agentgit(*SAVE)
    edit(PROMPT, "long", "very long")
    commit("Longer still")
    done = agentgit("apply", "my plan", "--yes")
    assert (done.code, done.out) == (4, "")
    assert "\n  hello asks for something else\n" in done.err
    assert (
        "hint: nothing was changed; look again: agentgit plan -e staging --out 'my plan'"
        in done.err
    )


def test_it_is_stale_when_somebody_changed_something(
    pending: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert pending
    agentgit(*SAVE)
    name, (replica, spec) = next(iter(engine.replicas.items()))
    engine.replicas[name] = (replica.model_copy(update={"state": "paused"}), spec)
    done = agentgit("apply", "my plan", "--yes", "--json")
    assert done.code == 4
    assert f"{name}: running -> paused" in json.loads(done.out)["errors"][0]["message"]


def test_a_plan_of_nothing_is_saved_too(project: Path, agentgit: Callable[..., Any]) -> None:
    assert agentgit("apply", *STAGING, "--yes").code == 0
    saved = agentgit(*SAVE, "--detailed-exitcode")
    assert saved.code == 0
    assert (project / "my plan").exists()
    assert agentgit("show", "my plan").out == saved.out
    assert agentgit("apply", "my plan").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "-e", "staging", "--worktree", "--out", "p"), "the work tree cannot be saved"),
        (("plan", "-e", "staging", "-e", "production", "--out", "p"), "plan of one environment"),
        (("plan", "-e", "staging", "--out", "no/p"), "no/p cannot be written: No such file"),
        (("apply", "none", "--yes"), "none cannot be read: No such file"),
        (("apply", "my plan", "-e", "staging"), "-e and a saved plan exclude each other"),
        (("apply", "my plan", "--only", "hello"), "--only and a saved plan exclude each other"),
        (("apply", "my plan", "--allow", "removed"), "--allow and a saved plan exclude each"),
        (("apply", "my plan", "--for", "7d"), "nothing is pinned here"),
        (("apply", "retried"), "retried tries again what is in quarantine"),
        (("show", "none"), "none cannot be read"),
        (("show", "my plan", "--json", "--format", "markdown"), "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    pending: Path, agentgit: Callable[..., Any], words: tuple[str, ...], said: str
) -> None:
    assert pending
    agentgit(*SAVE)
    agentgit("plan", *STAGING, "--retry", "--out", "retried")
    done = agentgit(*words)
    assert done.code == 64
    assert said in done.err


def test_what_is_no_saved_plan_is_wrong_configuration(
    pending: Path, agentgit: Callable[..., Any]
) -> None:
    (pending / "p").write_text(agentgit("plan", *STAGING, "--json").out)
    for words in (("show", "p"), ("apply", "p", "--yes")):
        done = agentgit(*words)
        assert done.code == 65
        assert "p is a document agentgit/plan@1, for reading" in done.err

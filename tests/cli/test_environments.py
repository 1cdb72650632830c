"""Several environments at once, environments that only the records know, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.providers.memory import MemoryEngine

BOTH = ("-e", "staging", "-e", "production")


@pytest.fixture
def applied(project: Path, agentgit: Callable[..., Any]) -> Path:
    for name in ("staging", "production"):
        assert agentgit("apply", "-e", name, "--yes").code == 0
    return project


def test_reading_commands_answer_for_each(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    plan = agentgit("plan", *BOTH, "--detailed-exitcode")
    assert plan.code == 0
    assert plan.out.index("No changes. staging") < plan.out.index("\n\nNo changes. production")
    assert agentgit("status", *BOTH).out.count("everything runs as it should") == 2
    assert agentgit("history", *BOTH).out.count(" apply ") == 2


def test_as_a_document_several_are_a_list(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    for command in ("plan", "status", "history"):
        documents = json.loads(agentgit(command, *BOTH, "--json").out)
        assert [one["environment"] for one in documents] == ["staging", "production"]
        document = json.loads(agentgit(command, "-e", "staging", "-e", "staging", "--json").out)
        assert document["environment"] == "staging"


def test_the_most_serious_exit_code_counts_and_no_answer_is_lost(
    applied: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert applied
    file = "environments/staging/instances/hello.yaml"
    edit(file, "agent: hello", "agent: hello\n  scale: {replicas: 2}")
    commit("More in staging")
    assert agentgit("plan", *BOTH, "--detailed-exitcode").code == 2
    edit(file, "replicas: 2", "replicas: two")
    commit("A mistake in staging")
    done = agentgit("plan", *BOTH, "--detailed-exitcode")
    assert done.code == 65
    assert "No changes. production" in done.out
    wrong, right = json.loads(agentgit("plan", *BOTH, "--json").out)
    assert (wrong["format"], right["empty"]) == ("agentgit/problems@1", True)


@pytest.mark.parametrize(
    "arguments",
    [("apply",), ("restart", "hello"), ("rollback",), ("unpin",), ("destroy",), ("logs", "hello")],
)
def test_who_changes_something_takes_one_environment(
    applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine, arguments: tuple[str, ...]
) -> None:
    assert applied
    before = set(engine.replicas)
    done = agentgit(*arguments, *BOTH)
    assert done.code == 64
    name = arguments[0]
    assert done.err == (
        f"error: {name} takes one environment at a time, not staging and production\n"
        f"hint: agentgit {name} --help\n"
    )
    assert set(engine.replicas) == before


def test_what_runs_is_found_when_its_files_are_gone(
    applied: Path,
    agentgit: Callable[..., Any],
    git: Callable[..., str],
    commit: Callable[[str], str],
    engine: MemoryEngine,
) -> None:
    assert applied
    git("rm", "-rq", "environments/staging")
    commit("No staging")
    staging = ("-e", "staging")
    assert "  hello  1 of 1 serving\n" in agentgit("status", *staging).out
    running = dict(engine.replicas)
    engine.replicas.clear()
    for command in ("status", "drift"):
        done = agentgit(command, *staging)
        assert "staging is not in this commit any more; to keep it, bring back" in done.out
        assert "agentgit plan" not in done.out, "that would be refused"
        assert done.out.endswith("agentgit destroy -e staging\n")
    engine.replicas.update(running)
    assert agentgit("logs", "hello", *staging).out
    assert " apply " in agentgit("history", *staging).out
    assert agentgit("plan", *staging).code == 7
    done = agentgit("destroy", *staging, "--yes")
    assert done.code == 0, done.err
    assert all(spec.environment == "production" for _, spec in engine.replicas.values())
    done = agentgit("status", *staging)
    assert "nothing runs: destroyed " in done.out
    assert "agentgit destroy" not in done.out
    assert "pending" not in done.out
    assert "serving" not in done.out


@pytest.mark.parametrize("name", ["stagign", "*", "../x", "-x"])
def test_a_name_that_nobody_knows_is_refused(
    applied: Path, agentgit: Callable[..., Any], name: str
) -> None:
    assert applied
    for arguments in (("status",), ("history",), ("logs", "hello"), ("destroy", "--yes")):
        done = agentgit(*arguments, f"--environment={name}")
        assert done.code == 64
        assert "there is no environment" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "-e", "staging", "--revision", "nope"),
        ("plan", "-e", "nope"),
        ("plan", "-e", "staging", "--only", "nope"),
        ("apply", "-e", "staging", "--revision", "nope", "--yes"),
        ("apply", "-e", "staging", "--only", "nope", "--yes"),
        ("rollback", "-e", "staging", "--to", "nope", "--yes"),
        ("restart", "nope", "-e", "staging", "--yes"),
        ("compile", "-e", "staging", "nope"),
        ("compile", "-e", "staging", "--revision", "nope"),
        ("layers", "nope", "-e", "staging"),
        ("explain", "nope", "-e", "staging"),
        ("logs", "nope", "-e", "staging"),
        ("validate", "--revision", "nope"),
        ("unpin", "-e", "staging"),
    ],
)
def test_what_was_typed_and_does_not_exist_is_wrong_usage(
    applied: Path, agentgit: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    assert applied
    done = agentgit(*arguments)
    assert done.code == 64, done.err
    assert "\nhint: " in done.err


def test_a_repository_without_commits_is_no_configuration(
    agentgit: Callable[..., Any], git: Callable[..., str]
) -> None:
    git("init", "--quiet")
    agentgit("init")
    for arguments in (("plan",), ("apply", "--revision", "HEAD")):
        done = agentgit(*arguments, "-e", "staging")
        assert done.code == 65
        assert "the repository has no commits yet" in done.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("plan", "-e", "nope"), 64),
        (("plan", "--nope"), 64),
        (("status",), 64),
        (("apply", "-e", "staging"), 64),
        (("explain", "nope", "-e", "staging"), 64),
        (("layers", "nope", "-e", "staging"), 64),
        (("history", "-e", "nope"), 64),
        (("rollback", "-e", "staging", "--to", "nope"), 64),
        (("restart", "nope", "-e", "staging"), 64),
        (("destroy", "-e", "nope"), 64),
    ],
)
def test_a_failure_is_a_document_too(
    project: Path, agentgit: Callable[..., Any], arguments: tuple[str, ...], code: int
) -> None:
    assert project
    done = agentgit(*arguments, "--json")
    document = json.loads(done.out)
    assert done.code == code
    assert document["format"] == "agentgit/problems@1"
    assert document["errors"][0]["message"] in done.err.replace("\n", " ")


def test_a_missing_value_points_to_the_commands_own_help(agentgit: Callable[..., Any]) -> None:
    done = agentgit("apply", "-e")
    assert done.code == 64
    assert done.err.endswith("hint: agentgit apply --help\n")


def test_an_environment_that_is_only_extended(
    applied: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    base = applied / "environments/base/environment.yaml"
    base.parent.mkdir()
    base.write_text("kind: Environment\nmetadata: {name: base}\nspec: {vars: {region: eu}}\n")
    file = "environments/staging/environment.yaml"
    edit(file, "spec:\n", "spec:\n  extends: base\n")
    commit("A base")
    assert agentgit("validate").code == 0
    assert agentgit("plan", "-e", "staging").code == 0
    for command in (["plan"], ["apply", "--yes"], ["status"], ["destroy", "--yes"]):
        done = agentgit(*command, "-e", "base")
        assert done.code == 65
        assert "base has no hosts, so nothing can run there" in done.err

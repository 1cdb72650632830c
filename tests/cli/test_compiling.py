"""The commands that need no engine: validate, compile, layers, explain."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AGENT = "global/agents/hello.yaml"


def test_a_valid_project_is_a_sentence(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("validate")
    assert (done.code, done.err) == (0, "")
    assert done.out == "valid: 8 files, 2 environments (production, staging)\n"


def test_an_error_shows_its_line(
    agentgit: Callable[..., Any], edit: Callable[[str, str, str], None]
) -> None:
    edit(AGENT, "scale: {replicas: 1}", "scale: {replicas: three}")
    done = agentgit("validate")
    assert done.code == 65
    assert f"  --> {AGENT}:17:21\n" in done.err
    assert "17 |   scale: {replicas: three}\n" in done.err
    assert done.err.splitlines()[4].endswith(" ^^^^^")


def test_problems_as_a_document(
    agentgit: Callable[..., Any], edit: Callable[[str, str, str], None]
) -> None:
    assert json.loads(agentgit("validate", "--json").out)["valid"] is True
    edit(AGENT, "scale:", "scael:")
    done = agentgit("validate", "--json")
    document = json.loads(done.out)
    assert done.code == 65
    assert document["format"] == "agentgit/problems@1"
    assert document["errors"][0]["location"] == {"path": AGENT, "line": 17, "column": 3}


def test_the_work_tree_counts_unless_a_revision_is_named(
    agentgit: Callable[..., Any], edit: Callable[[str, str, str], None]
) -> None:
    edit(AGENT, "scale:", "scael:")
    assert agentgit("validate").code == 65
    assert agentgit("validate", "--revision", "HEAD").code == 0


def test_compile_is_the_same_every_time(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    first = agentgit("compile", "-e", "production")
    assert first.code == 0
    assert first.out.startswith("format: agentgit/compile@1\n")
    assert agentgit("compile", "-e", "production", "hello").out == first.out


def test_compile_as_json(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    document = json.loads(agentgit("compile", "-e", "production", "-o", "json").out)
    (instance,) = document["instances"]
    assert instance["name"] == "hello"
    assert instance["spec"]["scale"] == {"replicas": 2}
    assert len(instance["revision"]) == 64


def test_the_environment_may_only_be_left_out_where_there_is_one(
    project: Path, agentgit: Callable[..., Any], git: Callable[..., str]
) -> None:
    assert project
    done = agentgit("compile")
    assert done.code == 64
    assert done.err == "error: which environment?\nhint: -e NAME with one of production, staging\n"
    git("rm", "-rq", "environments/production")
    assert "environment: staging\n" in agentgit("compile").out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("compile", "-e", "prodution"), "did you mean production?"),
        (("layers", "helo", "-e", "staging"), "did you mean hello?"),
        (("explain", "hello", "model.parms", "-e", "staging"), "did you mean model.params?"),
    ],
)
def test_a_wrong_name_is_suggested(
    project: Path, agentgit: Callable[..., Any], arguments: tuple[str, ...], hint: str
) -> None:
    assert project
    done = agentgit(*arguments)
    assert done.code == 64
    assert f"hint: {hint}" in done.err


def test_layers_come_in_the_order_in_which_they_count(
    project: Path, agentgit: Callable[..., Any]
) -> None:
    assert project
    lines = agentgit("layers", "hello", "-e", "production").out.splitlines()
    assert lines[1].endswith("global/defaults.yaml")
    assert lines[4].endswith("environments/production/agents/hello.yaml     (no file)")
    assert lines[5].endswith("environments/production/instances/hello.yaml")
    document = json.loads(agentgit("layers", "hello", "-e", "production", "--json").out)
    assert [one["exists"] for one in document["layers"]] == [True, True, True, False, True]


def test_explain_names_every_word_on_a_value(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("explain", "hello", "spec.model.params.temperature", "-e", "production")
    assert done.out == (
        "0.2\n"
        "  environments/production/defaults.yaml:6:33  environment  0.2\n"
        "  global/defaults.yaml:9:27                   global       0.7  overridden\n"
    )
    assert agentgit("explain", "hello", "model.params.temperature", "-e", "production") == done


def test_explain_shows_the_whole_with_places(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    lines = agentgit("explain", "hello", "-e", "production").out.splitlines()
    (language,) = [line for line in lines if "language:" in line]
    assert language.split() == [
        "language:", "de", "#", "environments/production/instances/hello.yaml:7:22"
    ]  # fmt: skip
    (init,) = [line for line in lines if "init:" in line]
    assert init == "  init: false"


def test_explain_a_default(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("explain", "hello", "container.init", "-e", "staging")
    assert done.out == "false\n  the default, no layer says it\n"


def test_explain_as_a_document(project: Path, agentgit: Callable[..., Any]) -> None:
    assert project
    done = agentgit("explain", "hello", "model.params.temperature", "-e", "production", "--json")
    (value,) = json.loads(done.out)["values"]
    assert value["path"] == "model.params.temperature"
    assert [one["state"] for one in value["settings"]] == ["set", "overridden"]


def test_outside_of_a_repository(agentgit: Callable[..., Any]) -> None:
    for command in ("validate", "compile", "plan", "status", "history"):
        done = agentgit(command)
        assert done.code == 65
        assert "is not in a Git repository" in done.err
        assert "hint: git init" in done.err

"""A saved plan that somebody has written by hand, with a digest that fits, is not carried out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.errors import AgentgitError, ConfigError, Exit
from agentgit.model.saved_plan import SavedPlan, Shown
from agentgit.pipeline import prepare_plan
from agentgit.record.plan_file import read_plan_file, write_plan_file
from agentgit.workflow.saved import ask_again, save_plan

BETA = "environments__production__instances__beta"
Forge = Callable[[dict[str, Any]], object]


@pytest.fixture
def saved(project: Any, tmp_path: Path) -> SavedPlan:
    """Save a plan with several waves: another prompt for alpha, and beta is removed."""
    project.apply()
    project.commit("Only words")
    project.prompt("Be short.")
    project.commit("No beta", **{BETA: None})
    session = project.plan()
    path = tmp_path / "change.plan"
    write_plan_file(path, save_plan(session, session.plan, Shown()))
    return read_plan_file(path)


def carry_out(project: Any, saved: SavedPlan) -> None:
    request = ask_again(project.open(), saved, project.request(file="change.plan"))
    with prepare_plan(project.open(), request) as session:
        project.run(session)


def forge(saved: SavedPlan, change: Forge, tmp_path: Path) -> SavedPlan:
    """Change the document of a saved plan, and write it as the tool would."""
    document = json.loads(saved.model_dump_json())
    change(document)
    path = tmp_path / "forged.plan"
    write_plan_file(path, SavedPlan.model_validate_json(json.dumps(document)))
    forged = read_plan_file(path)
    assert forged.digest != saved.digest
    return forged


def refuse(project: Any, saved: SavedPlan, change: Forge, tmp_path: Path) -> AgentgitError:
    """See it refused, with nothing changed and nothing recorded."""
    before, records = project.replicas(), project.records()
    forged = forge(saved, change, tmp_path)
    with pytest.raises(AgentgitError) as refused:
        carry_out(project, forged)
    assert project.replicas() == before
    assert project.records() == records
    return refused.value


def first(document: dict[str, Any]) -> Any:
    return document["plan"]["waves"][0]["moves"][0]


def created(document: dict[str, Any]) -> Any:
    steps = (one for key in ("prepare", "finish") for one in first(document)[key])
    return next(one["replica"] for one in steps if one["kind"] == "create-replica")


def last(document: dict[str, Any]) -> Any:
    return document["plan"]["waves"][-1]["moves"][-1]


LEFTOVER = {"kind": "remove-leftover", "host": "eu-1", "what": "network", "id": "", "name": "net"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: last(it)["finish"].pop(), "is planned and not in it"),
        (lambda it: last(it)["finish"].append(first(it)["finish"][-1]), "is not planned"),
        (lambda it: last(it)["finish"].reverse(), "the order is another one"),
        (lambda it: last(it)["finish"][-1].update(id="another"), "remove-replica"),
        (lambda it: first(it)["prepare"][0].update(host="eu-2"), "on eu-2"),
        (lambda it: first(it).update(undo=[]), "undo"),
        (lambda it: created(it).update(image_id="sha256:bad"), "is planned otherwise"),
        (lambda it: created(it)["container"].update(image="bad"), "is planned otherwise"),
        (lambda it: created(it)["document"]["instructions"].update(text="Lie."), "create-replica"),
        (lambda it: created(it).update(commit="0" * 40), "is planned otherwise"),
        (lambda it: it["plan"]["waves"].reverse(), "wave 1"),
        (lambda it: it["plan"]["waves"].pop(0), "is not planned"),
        (lambda it: it["plan"]["waves"][0].update(hold={"duration": 9.0}), "wave 1"),
        (lambda it: it["plan"].update(prepare=[]), "prepare on eu-1: ensure-image"),
        (lambda it: it["plan"].update(cleanup=[LEFTOVER]), "cleanup on eu-1: remove-leftover net"),
        (lambda it: it["plan"].update(tolerated={"alpha": 9}), "tolerated failures"),
        (lambda it: it["plan"]["changes"].pop(), "beta is planned and not in it"),
    ],
)  # fmt: skip
def test_other_steps(
    project: Any, saved: SavedPlan, tmp_path: Path, change: Forge, said: str
) -> None:
    error = refuse(project, saved, change, tmp_path)
    assert error.exit_code == Exit.STALE
    assert "change.plan has other steps than are planned for it" in error.message
    assert said in error.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: it["asked"].update(allow=["removed"]), "asks for something else"),
        (lambda it: it["asked"].update(retry=True), "asks for something else"),
        (lambda it: it["asked"].update(only=["alpha"]), "asks for something else"),
        (lambda it: it["plan"].update(intent_digest="0"), "asks for something else"),
        (lambda it: it["plan"].update(observed_digest="0"), "what runs in production has changed"),
        (lambda it: it.update(pinning=True), "would not pin"),
        (lambda it: it["asked"].update(revision="HEAD~1"), "would pin"),
    ],
)
def test_another_request(
    project: Any, saved: SavedPlan, tmp_path: Path, change: Forge, said: str
) -> None:
    error = refuse(project, saved, change, tmp_path)
    assert (error.exit_code, said in error.message) == (Exit.STALE, True), error.message


@pytest.mark.parametrize("commit", ["HEAD~1", "HEAD~2"])
def test_another_commit(project: Any, saved: SavedPlan, tmp_path: Path, commit: str) -> None:
    other = project.git("rev-parse", commit)
    error = refuse(project, saved, lambda it: it["plan"]["commit"].update(sha=other), tmp_path)
    assert error.exit_code == Exit.STALE


def test_a_commit_that_asks_for_the_same(project: Any, saved: SavedPlan, tmp_path: Path) -> None:
    other = project.commit("Only words again")
    error = refuse(project, saved, lambda it: it["plan"]["commit"].update(sha=other), tmp_path)
    assert error.exit_code == Exit.STALE
    assert "is planned otherwise" in error.message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda it: it["plan"].update(project_id="another"), Exit.CONFIG),
        (lambda it: it["plan"].update(environment="staging"), Exit.USAGE),
        (lambda it: it["plan"].update(commit=None), Exit.CONFIG),
    ],
)
def test_another_project_environment_or_no_commit(
    project: Any, saved: SavedPlan, tmp_path: Path, change: Forge, code: Exit
) -> None:
    assert refuse(project, saved, change, tmp_path).exit_code == code


def test_without_a_digest_that_fits(saved: SavedPlan, tmp_path: Path) -> None:
    path = tmp_path / "change.plan"
    path.write_text(path.read_text().replace("Be short.", "Be long."))
    with pytest.raises(ConfigError, match="is damaged") as refused:
        read_plan_file(path)
    assert refused.value.exit_code == Exit.CONFIG
    assert saved


def test_what_only_tells_of_it_is_not_carried_out(
    project: Any, saved: SavedPlan, tmp_path: Path
) -> None:
    """Who wrote the commit, and why something is done, come from the repository, not the file."""

    def lie(document: dict[str, Any]) -> None:
        document["plan"]["commit"].update(author="Mallory", subject="Nothing at all")
        document["plan"]["changes"][0]["causes"][0].update(detail="nothing at all")

    forged = forge(saved, lie, tmp_path)
    request = ask_again(project.open(), forged, project.request(file="change.plan"))
    with prepare_plan(project.open(), request) as session:
        assert session.plan == project.plan().plan

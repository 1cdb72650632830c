"""A repository that another git has locked, or has left locked."""

from __future__ import annotations

import pytest

from agentgit.errors import GitError
from agentgit.pipeline import apply_plan, prepare_plan
from tests.pipeline.conftest import FILES, Project


def test_old_rollouts_that_cannot_be_let_go_of_are_a_warning(project: Project) -> None:
    text = FILES["agentgit.yaml"].replace("spec: {", "spec: {ledger: {keep: 1}, ")
    project.commit("Keep one", agentgit=text)
    lock = project.folder / ".git" / "packed-refs.lock"
    lock.touch()
    for number in range(3):
        project.prompt(f"Be number {number}.")
        project.apply(only=("alpha",))
    with prepare_plan(project.open(), project.request()) as session:
        assert project.run(session)[0] == "succeeded"
    (warning,) = [one for one in session.warnings if "old rollouts are kept" in one]
    assert f"by {lock}; another git may be at work" in warning


def test_what_was_begun_and_is_locked_stops_the_next_one_before_it_touches_anything(
    project: Project,
) -> None:
    project.apply()
    ref = project.git("for-each-ref", "--format=%(refname)", "refs/agentgit/rollouts")
    project.git("update-ref", ref, f"{ref}^")
    project.prompt("Be brief.")
    lock = project.folder / ".git" / f"{ref}.lock"
    lock.touch()
    before = project.ids()
    with (
        prepare_plan(project.open(), project.request()) as session,
        pytest.raises(GitError, match="the repository is locked since") as caught,
    ):
        list(apply_plan(session))
    assert "remove that file yourself" in (caught.value.hint or "")
    assert project.ids() == before
    lock.unlink()
    assert project.apply()[0] == "succeeded"

"""Which commit contains which, in complete and in shallow clones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agentgit.errors import GitError
from agentgit.source.repository import GitSource

Open = Callable[[Path], GitSource]
Run = Callable[..., str]
Write = Callable[..., str]


@pytest.fixture
def line(repository: Path, commit: Write) -> list[str]:
    """Five commits in a line, oldest first."""
    return [commit(repository, {"n": str(number)}, f"Number {number}") for number in range(5)]


@pytest.fixture
def shallow(tmp_path: Path, repository: Path, line: list[str], git: Run) -> Path:
    assert line
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    return tmp_path / "shallow"


def test_in_a_complete_clone(
    repository: Path, line: list[str], git: Run, commit: Write, opened: Open
) -> None:
    source = opened(repository)
    assert source.is_ancestor(line[0], line[4])
    assert source.is_ancestor(line[2], line[2])
    assert not source.is_ancestor(line[4], line[0])
    git(repository, "checkout", "-q", "-b", "side", line[1])
    side = commit(repository, {"side": "x"})
    assert not source.is_ancestor(side, line[4])
    assert not source.is_ancestor(line[4], side)


def test_a_commit_that_is_nowhere_is_contained_nowhere(
    repository: Path, line: list[str], opened: Open
) -> None:
    assert not opened(repository).is_ancestor("0" * 40, line[4])
    assert not opened(repository).is_ancestor(line[4], "0" * 40)


def test_a_shallow_clone_knows_what_it_can(
    shallow: Path, line: list[str], commit: Write, opened: Open
) -> None:
    source = opened(shallow)
    assert source.git.shallow
    assert source.is_ancestor(line[3], line[4])  # the parent is named, though not here
    assert not source.is_ancestor(line[4], line[3])
    newest = commit(shallow, {"n": "5"})
    assert source.is_ancestor(line[3], newest)
    assert source.is_ancestor(line[4], newest)
    assert not source.is_ancestor(newest, line[4])


def test_a_shallow_clone_does_not_guess(shallow: Path, line: list[str], opened: Open) -> None:
    for older, newer in ((line[0], line[4]), (line[4], line[0])):
        with pytest.raises(GitError, match="this clone is shallow") as caught:
            opened(shallow).is_ancestor(older, newer)
        assert "git fetch --unshallow" in (caught.value.hint or "")


@pytest.mark.parametrize("revision", ["sha", "HEAD~1", "HEAD^"])
def test_a_commit_that_a_shallow_clone_does_not_hold(
    shallow: Path, line: list[str], opened: Open, revision: str
) -> None:
    with pytest.raises(GitError, match="shallow") as caught:
        opened(shallow).commit(revision.replace("sha", line[0]))
    assert "git fetch --unshallow" in (caught.value.hint or "")
    assert opened(shallow).snapshot("HEAD").read("n") == b"4"

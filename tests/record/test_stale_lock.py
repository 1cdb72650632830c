"""Which locks of git are removed: those of our refs, wherever the repository lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agentgit.record.stale_lock import remove_stale_lock
from agentgit.source.git_command import GitCommand

Run = Callable[..., str]
REF = "refs/agentgit/production/20261120-080030-7f3a.lock"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a name like that of our refs."""
    folder = tmp_path / "refs" / "agentgit"
    folder.mkdir(parents=True)
    return folder


def lay(lock: Path, age: float = 0) -> str:
    """Leave a lock behind, and say what git says of it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    os.utime(lock, (age, age))
    return f"error: cannot lock ref 'x': Unable to create '{lock}': File exists.\n"


@pytest.mark.parametrize("form", ["plain", "bare", "worktree", "linked"])
def test_ours_is_removed_and_no_other(place: Path, git: Run, form: str) -> None:
    folder, git_dir = place / "repo", place / "repo" / ".git"
    git(place, "init", "-q", *(["--bare"] if form == "bare" else []), "repo")
    if form == "bare":
        git_dir = folder
    elif form == "worktree":
        git(folder, "commit", "-q", "--allow-empty", "-m", "First")
        git(folder, "worktree", "add", "-q", "../further")
        folder = place / "further"
    elif form == "linked":
        (place / "link").symlink_to("repo")
        folder = place / "link"
    command = GitCommand(str(folder))
    for name in ("packed-refs.lock", "refs/heads/main.lock", "refs/agentgitx/a.lock"):
        theirs = git_dir / name
        assert not remove_stale_lock(command, lay(theirs))
        assert theirs.exists()
    ours = git_dir / REF
    assert remove_stale_lock(command, lay(ours))
    assert not ours.exists()


def test_one_of_another_repository_stays(place: Path, git: Run) -> None:
    for name in ("here", "there"):
        git(place, "init", "-q", name)
    lock = place / "there" / ".git" / REF
    assert not remove_stale_lock(GitCommand(str(place / "here")), lay(lock))
    assert lock.exists()

"""The work tree as a snapshot, and what counts as an uncommitted change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agentgit.errors import GitError
from agentgit.source.repository import GitSource

Open = Callable[[Path], GitSource]
Run = Callable[..., str]
Write = Callable[..., str]


def test_changed_new_deleted_and_ignored_files(
    repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    commit(repository, {"gone": "gone", "staged": "1", "same": "same", ".gitignore": "*.log\n"})
    (repository / "gone").unlink()
    (repository / "global/a.txt").write_text("changed\n")
    (repository / "staged").write_text("2")
    git(repository, "add", "staged")
    (repository / "new").write_text("new")
    (repository / "noise.log").write_text("noise")
    source = opened(repository)
    assert source.is_dirty() == ("global/a.txt", "gone", "new", "staged")
    snapshot = source.worktree()
    assert snapshot.commit is None
    content = {path: snapshot.read(path) for path in snapshot.files}
    assert content == {
        ".gitignore": b"*.log\n",
        "agentgit.yaml": b"kind: Project\n",
        "global/a.txt": b"changed\n",
        "new": b"new",
        "same": b"same",
        "staged": b"2",
    }


def test_blob_ids_are_those_of_the_commit_to_come(
    repository: Path, commit: Write, opened: Open
) -> None:
    (repository / "global/a.txt").write_text("changed\n")
    (repository / "new").write_text("new")
    (repository / "link").symlink_to("new")
    before = opened(repository).worktree().files
    commit(repository, {})
    assert opened(repository).snapshot("HEAD").files == before


def test_a_clean_tree_is_clean_even_when_only_the_clock_moved(
    repository: Path, opened: Open
) -> None:
    os.utime(repository / "global/a.txt", (1, 1))
    source = opened(repository)
    assert source.is_dirty() == ()
    assert source.worktree().files == source.snapshot("HEAD").files


def test_line_end_filters_make_no_difference(
    repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    commit(repository, {".gitattributes": "*.txt text eol=crlf\n"})
    (repository / "global/a.txt").unlink()
    git(repository, "checkout", "global/a.txt")
    assert (repository / "global/a.txt").read_bytes() == b"one\r\n"
    assert opened(repository).worktree().read("global/a.txt") == b"one\n"


def test_a_sparse_checkout_deletes_nothing(
    repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    commit(repository, {"environments/eu/x": "x", "environments/us/x": "x"})
    git(repository, "sparse-checkout", "set", "environments/eu")
    assert not (repository / "environments/us").exists()
    assert "environments/us/x" in opened(repository).worktree().files


def test_a_conflict_is_shown_as_it_lies_on_the_disk(
    repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    commit(repository, {"global/a.txt": "other\n"})
    git(repository, "checkout", "-q", "main")
    commit(repository, {"global/a.txt": "main\n"})
    with pytest.raises(Exception, match="merge"):
        git(repository, "merge", "other")
    source = opened(repository)
    assert b"<<<<<<<" in source.worktree().read("global/a.txt")
    assert source.is_dirty() == ("global/a.txt",)


def test_a_file_that_changes_while_it_is_read_is_an_error(repository: Path, opened: Open) -> None:
    (repository / "new").write_text("first")
    snapshot = opened(repository).worktree()
    (repository / "new").write_text("second")
    with pytest.raises(GitError, match="new changed while it was read"):
        snapshot.read("new")


def test_looking_writes_nothing(repository: Path, opened: Open) -> None:
    os.utime(repository / "global/a.txt", (1, 1))
    index = (repository / ".git/index").read_bytes()
    opened(repository).worktree()
    assert (repository / ".git/index").read_bytes() == index


def test_other_repositories_and_pipes_inside_are_left_out(
    repository: Path, git: Run, opened: Open
) -> None:
    (repository / "nested").mkdir()
    git(repository / "nested", "init", "-q")
    (repository / "nested/file").write_text("x")
    os.mkfifo(repository / "pipe")
    assert sorted(opened(repository).worktree().files) == ["agentgit.yaml", "global/a.txt"]

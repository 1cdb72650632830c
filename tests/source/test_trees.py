"""The files of a commit are those that git itself would list, in its order."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agentgit.errors import GitError, NoFolderError
from agentgit.source.git_command import GitCommand
from agentgit.source.repository import GitSource
from agentgit.source.trees import list_files

Run = Callable[..., str]
NAMES = (
    "a/x", "a-b/x", "a.yaml", "a0", "a/b/c/d/e", "B", "ü/new\nline", "with space", '"q"', "-dash",
    "0/0", "z", "we\nird/x", "we\nird/deep/y",
)  # fmt: skip


def fill(folder: Path) -> None:
    for name in NAMES:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (folder / "a" / "x").chmod(0o755)
    (folder / "a" / "link").symlink_to("x")


def commit_all(repository: Path, git: Run) -> None:
    fill(repository)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "All")


@pytest.mark.parametrize("form", ["sha1", "sha256"])
@pytest.mark.parametrize("below", ["", "a", "a/b", "we\nird", "we\nird/deep"])
def test_files_are_those_of_git(tmp_path: Path, git: Run, form: str, below: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", f"--object-format={form}")
    commit_all(folder, git)
    command = GitCommand(str(folder))
    (head,) = command.objects(["HEAD"])
    assert head is not None
    found = list_files(command, head.id, below)
    assert found is not None
    asked = command.run("ls-tree", "-r", "-z", "--full-tree", f"{head.id}:{below}").out
    lines = [os.fsdecode(line) for line in asked.split(b"\0")[:-1]]
    ours = [f"{one.mode} blob {one.blob}\t{path}" for path, one in found.items()]
    assert ours == lines != []
    assert list_files(command, head.id, "a/x") is None
    assert list_files(command, head.id, "nowhere") is None


def lose_tree(repository: Path, git: Run) -> None:
    tree = git(repository, "rev-parse", "HEAD:a/b").strip()
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()


def test_a_folder_that_is_missing_is_told(
    repository: Path, git: Run, opened: Callable[[Path], GitSource]
) -> None:
    commit_all(repository, git)
    lose_tree(repository, git)
    with pytest.raises(GitError, match="missing in this clone"):
        opened(repository).snapshot("HEAD")


def test_a_folder_that_is_not_there_is_not_one_that_is_missing(
    repository: Path, git: Run, opened: Callable[[Path], GitSource]
) -> None:
    commit_all(repository, git)
    source = opened(repository)
    for root in ("nowhere", "a/x", "a/nowhere"):
        source.root = root
        with pytest.raises(NoFolderError, match=f"has no folder {root}"):
            source.snapshot("HEAD")
    lose_tree(repository, git)
    source.root = "a/b"
    with pytest.raises(GitError, match="missing in this clone") as caught:
        source.snapshot("HEAD")
    assert not isinstance(caught.value, NoFolderError)

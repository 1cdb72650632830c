"""Which repository and project a folder means, also inside the hooks of Git."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import agentgit
from agentgit.errors import GitError
from agentgit.source.locate import read_head_branch
from agentgit.source.repository import GitSource

Open = Callable[[Path], GitSource]
Run = Callable[..., str]
Write = Callable[..., str]


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "plain"
    folder.mkdir()
    with pytest.raises(GitError, match="not in a Git repository") as caught:
        GitSource.open(str(folder))
    assert "git init" in (caught.value.hint or "")


def test_no_such_folder_is_not_the_current_one(repository: Path) -> None:
    for wrong in (repository / "nowhere", repository / "agentgit.yaml"):
        with pytest.raises(GitError, match="there is no folder"):
            GitSource.open(str(wrong))


def test_git_is_not_installed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GitError, match="git is not installed"):
        GitSource.open(str(repository))


def test_from_a_sub_folder_through_a_link_and_in_a_linked_work_tree(
    tmp_path: Path, repository: Path, git: Run, opened: Open
) -> None:
    (tmp_path / "link").symlink_to(repository)
    git(repository, "worktree", "add", "-q", "-b", "second", str(tmp_path / "second"))
    for folder in (repository / "global", tmp_path / "link", tmp_path / "second/global"):
        assert sorted(opened(folder).worktree().files) == ["agentgit.yaml", "global/a.txt"]
    assert opened(tmp_path / "second").head_branch() == "second"


def test_the_branch_is_read_where_it_is_plain(tmp_path: Path, repository: Path, git: Run) -> None:
    git(repository, "worktree", "add", "-q", "-b", "second", str(tmp_path / "second"))
    git(repository, "checkout", "-q", "-b", "feature/x")
    assert read_head_branch(repository) == "feature/x"
    assert read_head_branch(tmp_path / "second") is None  # its HEAD is elsewhere
    git(repository, "checkout", "-q", "--detach")
    assert read_head_branch(repository) is None
    (repository / ".git/HEAD").write_text("ref: refs/heads/.invalid\n")  # as in a reftable
    assert read_head_branch(repository) is None


def test_a_bare_repository_has_commits_but_no_work_tree(
    tmp_path: Path, repository: Path, git: Run, opened: Open
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    source = opened(tmp_path / "bare.git")
    assert source.snapshot("main").read("global/a.txt") == b"one\n"
    assert source.follow("main")[0] == "main"
    for ask in (source.worktree, source.is_dirty):
        with pytest.raises(GitError, match="bare repository"):
            ask()


def test_a_bare_repository_whose_head_names_nothing(
    tmp_path: Path, repository: Path, git: Run, opened: Open
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(tmp_path / "bare.git", "symbolic-ref", "HEAD", "refs/heads/master")
    with pytest.raises(GitError, match="branch without commits") as caught:
        opened(tmp_path / "bare.git").commit("HEAD")
    assert "main" in (caught.value.hint or "")


def test_the_git_folder_of_a_work_tree_means_the_work_tree(repository: Path, opened: Open) -> None:
    assert "global/a.txt" in opened(repository / ".git").worktree().files


@pytest.fixture
def other(tmp_path: Path, git: Run, commit: Write) -> Path:
    """A second project, with other content."""
    folder = tmp_path / "other"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, {"agentgit.yaml": "other", "only-there": "x"}, "Other")
    return folder


@pytest.mark.parametrize("value", [".", "/nowhere", "OTHER"])
def test_variables_of_a_hook_do_not_redirect(
    repository: Path, other: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    value = value.replace("OTHER", str(other / ".git"))
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    source = opened(repository)
    assert source.commit("HEAD").subject == "First"
    assert sorted(source.worktree().files) == ["agentgit.yaml", "global/a.txt"]
    assert source.is_dirty() == ()


def _install_hook(folder: Path, name: str, script: str) -> None:
    """Write a hook that runs Python with this package; it sees the environment Git gives it."""
    package = Path(agentgit.__file__).parents[1]
    code = folder / f"{name}.py"
    code.write_text(f"import sys\nsys.path.insert(0, {str(package)!r})\n{script}")
    hook = folder / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{code}"\n')
    hook.chmod(0o755)


POST_RECEIVE = """
from agentgit.source.repository import GitSource
with GitSource.open(".") as here, GitSource.open({checkout!r}) as there:
    print("here", here.commit("main").subject, sorted(here.snapshot("main").files))
    print("there", there.commit("HEAD").subject, there.worktree().read("global/a.txt"))
"""


def test_inside_a_post_receive_hook(
    tmp_path: Path, repository: Path, git: Run, commit: Write
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(tmp_path, "clone", "-q", str(repository), "checkout")
    _install_hook(
        tmp_path / "bare.git", "post-receive",
        f"sys.stdout = open({str(tmp_path / 'said')!r}, 'w')\n"
        + POST_RECEIVE.format(checkout=str(tmp_path / "checkout")),
    )  # fmt: skip
    commit(repository, {"pushed": "x"}, "Pushed")
    git(repository, "push", "-q", str(tmp_path / "bare.git"), "main")
    assert (tmp_path / "said").read_text().splitlines() == [
        "here Pushed ['agentgit.yaml', 'global/a.txt', 'pushed']",
        "there First b'one\\n'",
    ]


PRE_RECEIVE = """
from agentgit.source.repository import GitSource
old, new, ref = sys.stdin.read().split()
with GitSource.open(".") as source:
    print(source.snapshot(new).read("pushed"), file=open({said!r}, "w"))
"""


def test_a_pre_receive_hook_sees_the_pushed_commit(
    tmp_path: Path, repository: Path, git: Run, commit: Write
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    said = tmp_path / "said"
    _install_hook(tmp_path / "bare.git", "pre-receive", PRE_RECEIVE.format(said=str(said)))
    commit(repository, {"pushed": "x"}, "Pushed")
    git(repository, "push", "-q", str(tmp_path / "bare.git"), "main")
    assert said.read_text() == "b'x'\n"


def test_a_repository_of_somebody_else(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="belongs to another user") as caught:
        GitSource.open(str(repository))
    assert f"safe.directory {os.path.realpath(repository)}" in (caught.value.hint or "")

"""Real repositories in temporary folders, untouched by the configuration of who runs the tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentgit.source.repository import GitSource

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def _own_git_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[init]\n\tdefaultBranch = main\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    for name in ("GIT_DIR", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def git() -> Run:
    """Run git in a folder, as a fixed author: git(folder, "commit", "-m", "x") -> stdout."""

    def run(folder: Path, *arguments: str) -> str:
        author = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
        done = subprocess.run(
            ["git", "-C", str(folder), *author, *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def commit(git: Run) -> Callable[..., str]:
    """Write files and commit them: commit(folder, {"a.txt": "text"}, "subject") -> sha."""

    def write(folder: Path, files: dict[str, str | bytes], subject: str = "Change") -> str:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", subject)
        return git(folder, "rev-parse", "HEAD")

    return write


@pytest.fixture
def repository(tmp_path: Path, git: Run, commit: Callable[..., str]) -> Path:
    """A project with one commit on the branch main."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, {"agentgit.yaml": "kind: Project\n", "global/a.txt": "one\n"}, "First")
    return folder


@pytest.fixture
def opened() -> Iterator[Callable[[Path], GitSource]]:
    """Open a project; its processes end with the test."""
    sources: list[GitSource] = []

    def open_source(folder: Path) -> GitSource:
        sources.append(GitSource.open(str(folder)))
        return sources[-1]

    yield open_source
    for source in sources:
        source.close()

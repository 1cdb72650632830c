"""A project in a Git repository, the command line in this process, and an engine in memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentgit.cli.main import run
from agentgit.errors import EngineError
from agentgit.providers import registry
from agentgit.providers.memory import MemoryEngine, MemoryProvider
from tests.documents import check_document

AGENT = "global/agents/hello.yaml"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> MemoryEngine:
    """Stand in for every engine; what runs lives as long as the test."""
    memory = MemoryEngine()

    def open_memory(name: str, _endpoint: object, place: registry.Place) -> MemoryProvider:
        return MemoryProvider(name, place.project_id, memory)

    providers: Any = registry.PROVIDERS
    for kind in ("docker", "podman", "process"):
        monkeypatch.setitem(providers, kind, open_memory)
    return memory


@pytest.fixture
def agentgit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Run a command in the test's folder."""
    folder = tmp_path / "acme"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def call(*arguments: str) -> Done:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        if "--json" in arguments and captured.out:
            check_document(json.loads(captured.out))
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def git(agentgit: Callable[..., Done]) -> Callable[..., str]:
    """Run git in the project's folder."""
    assert agentgit
    who = {f"GIT_{role}_{part}": f"Ana{at}" for role in ("AUTHOR", "COMMITTER")
           for part, at in (("NAME", ""), ("EMAIL", "@acme.example"))}  # fmt: skip

    def call(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True, env=os.environ | who
        )
        return done.stdout.strip()

    return call


@pytest.fixture
def commit(git: Callable[..., str]) -> Callable[[str], str]:
    """Commit everything; gives the commit."""

    def call(subject: str) -> str:
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "-m", subject)
        return git("rev-parse", "HEAD")

    return call


@pytest.fixture
def project(
    agentgit: Callable[..., Done],
    git: Callable[..., str],
    commit: Callable[[str], str],
    engine: MemoryEngine,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """What `agentgit init` writes, committed; made once and copied for every test."""
    assert engine
    made = tmp_path_factory.getbasetemp() / "first-fleet"
    if made.exists():
        shutil.copytree(made, Path.cwd(), dirs_exist_ok=True)
        return Path.cwd()
    git("init", "--quiet", "--initial-branch", "main")
    assert agentgit("init").code == 0
    defaults = Path("global/defaults.yaml")
    text = defaults.read_text(encoding="utf-8")
    defaults.write_text(text.replace("maxSurge: 1", "minHealthyTime: 10ms"), encoding="utf-8")
    commit("First fleet")
    shutil.copytree(Path.cwd(), made)
    return Path.cwd()


@pytest.fixture
def applied(project: Path, agentgit: Callable[..., Done]) -> Path:
    """The project, and it runs in staging."""
    done = agentgit("apply", "-e", "staging", "--yes")
    assert done.code == 0, done.err
    return project


@pytest.fixture
def edit(project: Path) -> Callable[[str, str, str], None]:
    """Replace a piece of a file that must be there."""

    def call(path: str, old: str, new: str) -> None:
        file = project / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return call


@pytest.fixture
def go_silent(engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the host's engine refuse every connection from now on."""
    assert engine

    def refuse(*_: object) -> None:
        raise EngineError("local: connection refused")

    return lambda: monkeypatch.setattr(MemoryProvider, "observe", refuse)

"""`validate` says the same again, faster, while nothing has changed; and never anything else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.compile.build import validate_project
from agentgit.errors import ConfigError
from agentgit.source.forks import Forks
from agentgit.source.repository import GitSource

AGENT = "global/agents/hello.yaml"
PROGRAM = r"""
import json, sys
from agentgit.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write("\n" + json.dumps([int(code), sorted(sys.modules)]))
"""
Run = Callable[..., Any]
Edit = Callable[[str, str, str], None]


def modules_of(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return {*modules, *(name.partition(".")[0] for name in modules)}


def cache_files(project: Path) -> list[Path]:
    return sorted((project / ".git" / "agentgit").glob("*"))


def test_an_unchanged_run_compiles_nothing(project: Path) -> None:
    heavy = {"pydantic", "ruamel", "git", "subprocess"}
    assert "pydantic" in modules_of("-C", str(project), "validate")
    assert modules_of("-C", str(project), "validate") & heavy == set()


def test_one_change_loads_what_compiling_needs_and_no_more(project: Path, edit: Edit) -> None:
    modules_of("-C", str(project), "validate")
    edit(AGENT, "scale: {replicas: 1}", "scale: {replicas: 2}")
    loaded = modules_of("-C", str(project), "validate")
    assert "pydantic" in loaded
    assert loaded & {"git", "jsonschema", "deepdiff", "docker", "requests", "ruamel"} == set()
    assert loaded & {"agentgit.compile.document", "agentgit.model.desired"} == set()


def test_a_change_and_its_way_back_are_noticed(project: Path, agentgit: Run, edit: Edit) -> None:
    first = agentgit("validate")
    assert agentgit("validate") == first
    edit(AGENT, "scale: {replicas: 1}", "scale: {replicas: three}")
    assert agentgit("validate").code == 65
    assert agentgit("validate").code == 65
    edit(AGENT, "scale: {replicas: three}", "scale: {replicas: 1}")
    assert agentgit("validate") == first
    (project / "environments" / "extra.yaml").write_text("kind: Agent\n")
    assert agentgit("validate").code == 65


def test_warnings_are_said_again(agentgit: Run, edit: Edit, project: Path) -> None:
    edit(AGENT, "scale: {replicas: 1}", "scale: {replicas: 1}\n  placement: null")
    first = agentgit("validate")
    assert first.code == 0
    assert "null removes placement" in first.err
    assert agentgit("validate") == first
    shutil.rmtree(project / ".git" / "agentgit")
    assert agentgit("validate") == first
    assert agentgit("validate", "--no-cache") == first


@pytest.mark.parametrize("damage", [b"", b"agentgit cache 1\n", b"\0" * 5000])
def test_damaged_files_are_written_anew(project: Path, agentgit: Run, damage: bytes) -> None:
    first = agentgit("validate")
    good = [path.read_bytes() for path in cache_files(project)]
    assert good
    for path in cache_files(project):
        path.write_bytes(damage)
    assert agentgit("validate") == first
    assert [path.read_bytes() for path in cache_files(project)] == good


def test_it_can_be_switched_off(
    project: Path, agentgit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = agentgit("validate", "--no-cache")
    monkeypatch.setenv("AGENTGIT_NO_CACHE", "1")
    assert agentgit("validate") == first
    assert cache_files(project) == []
    monkeypatch.delenv("AGENTGIT_NO_CACHE")
    assert agentgit("validate") == first
    assert cache_files(project) != []


def test_a_linked_work_tree_has_its_own(
    project: Path, agentgit: Run, git: Callable[..., str], tmp_path: Path
) -> None:
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "All")
    other = tmp_path / "other"
    git("worktree", "add", "-q", str(other))
    first = agentgit("-C", str(other), "validate")
    assert first.code == 0
    assert agentgit("-C", str(other), "validate") == first
    assert cache_files(project) == []


def test_a_revision_is_compiled_with_what_is_known(
    project: Path, agentgit: Run, commit: Callable[[str], str]
) -> None:
    commit("All")
    expected = agentgit("validate", "--no-cache")
    assert agentgit("validate", "--revision", "HEAD") == expected
    assert agentgit("validate") == expected
    (project / "environments" / "extra.yaml").write_text("kind: Agent\n")
    assert agentgit("validate", "--revision", "HEAD") == expected
    assert agentgit("validate").code == 65


@pytest.mark.parametrize("sizes", [(2, 3), (1, 4)])
def test_copies_of_the_process_say_what_one_says(
    project: Path, commit: Callable[[str], str], edit: Edit, sizes: tuple[int, int]
) -> None:
    below = next(project.glob("environments/*/instances"))
    first = next(below.glob("*.yaml")).read_text()
    name = next(below.glob("*.yaml")).stem
    for number in range(12):
        text = first.replace(f"name: {name}", f"name: n{number}")
        wrong = "" if number % 5 else "\n  modle: {}\n"
        (below / f"n{number}.yaml").write_text(text.rstrip() + wrong + "\n")
    commit("All")
    edit(AGENT, "scale: {replicas: 1}", "scale: {replicas: 1}\n  placement: null")
    for snapshot in (GitSource.open(str(project)).worktree(),
                     GitSource.open(str(project)).snapshot("HEAD")):  # fmt: skip
        with pytest.raises(ConfigError) as expected:
            validate_project(snapshot)
        for size in sizes:
            with pytest.raises(ConfigError) as found:
                validate_project(snapshot, None, Forks(size, least=1))
            assert found.value.problems == expected.value.problems

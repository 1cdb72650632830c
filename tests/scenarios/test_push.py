"""A push makes it so: a bare repository whose hook applies what arrives on its main branch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import EXAMPLE, Fleet

BIN = Path(sys.executable).parent


class Remote:
    """A bare repository with the example's hook, and a clone that pushes to it."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder
        fleet.git("init", "-q", "--bare", "-b", "main", str(folder))
        shutil.copy(EXAMPLE / "ci" / "post-receive", folder / "hooks" / "post-receive")
        fleet.git("-C", str(folder), "config", "agentgit.environments", "production")
        fleet.git("remote", "add", "origin", str(folder))

    def push(self, ref: str = "HEAD:main") -> str:
        """Push; gives what the hook said. Git itself takes the commit whatever the hook does."""
        path = f"{BIN}:{os.environ['PATH']}"
        done = subprocess.run(
            ["git", "push", "-q", "origin", ref],
            cwd=self.fleet.folder, env=self.fleet.environment() | {"PATH": path},
            capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def remote(process_fleet: Fleet, tmp_path: Path) -> Remote:
    return Remote(process_fleet, tmp_path / "acme.git")


def commits_running(fleet: Fleet) -> set[str]:
    """The commits that the running replicas were made from, as their own environment has it."""
    found = set()
    for process in fleet.running().values():
        variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        found |= {
            part.partition("=")[2]
            for one in variables
            if one.startswith(b"OTEL_RESOURCE_ATTRIBUTES=")
            for part in one.decode().partition("=")[2].split(",")
            if part.startswith("vcs.ref.head.revision=")
        }
    return found


@pytest.mark.xdist_group("process")
def test_a_push_to_the_main_branch_is_applied(remote: Remote) -> None:
    fleet = remote.fleet
    first = fleet.git("rev-parse", "HEAD")
    assert "done: production runs" in remote.push()
    before = fleet.running()
    assert len(before) == 8
    assert commits_running(fleet) == {first}

    fleet.edit("global/defaults.yaml", "latency_ms: 20", "latency_ms: 30")
    second = fleet.commit("Slower answers")
    said = remote.push()
    assert f"agentgit: production at {second[:7]}" in said
    assert commits_running(fleet) == {second}
    assert not set(before.values()) & set(fleet.running().values())

    # Another branch changes nothing, and so does deleting it.
    fleet.edit("global/defaults.yaml", "latency_ms: 30", "latency_ms: 40")
    fleet.commit("Not yet")
    assert "agentgit" not in remote.push("HEAD:feature")
    assert "agentgit" not in remote.push(":feature")
    assert commits_running(fleet) == {second}

    # What does not become healthy goes back; whoever pushed reads it, and the commit stays.
    fleet.edit("global/defaults.yaml", "unhealthy: false", "unhealthy: true")
    fleet.commit("Broken on purpose")
    said = remote.push()
    assert "rolled back" in said
    assert "production ended with 3" in said
    assert commits_running(fleet) == {second}


@pytest.mark.xdist_group("process")
def test_the_scripts_for_any_ci(process_fleet: Fleet) -> None:
    fleet = process_fleet
    environment = fleet.environment() | {"PATH": f"{BIN}:{os.environ['PATH']}"}

    def script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(EXAMPLE / "ci" / name), *words], cwd=fleet.folder, env=environment,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    fleet.git("checkout", "-q", "-b", "feature")
    fleet.edit("global/prompts/support.md", "50 EUR", "200 EUR")
    fleet.commit("Raise refund limit")
    fleet.git("checkout", "-q", "main")
    fleet.edit("global/defaults.yaml", "latency_ms: 20", "latency_ms: 21")
    fleet.commit("Main goes on")
    done = script("pull-request.sh", "main", "feature")
    assert done.returncode == 0, done.stderr
    assert "[-50-]{+200+} EUR" in done.stdout
    assert "latency" not in done.stdout
    assert fleet.running() == {}

    assert script("apply.sh").returncode == 64
    done = script("apply.sh", "production")
    assert done.returncode == 0, done.stderr
    assert commits_running(fleet) == {fleet.git("rev-parse", "main")}

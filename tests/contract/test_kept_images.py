"""Rollouts on a real engine: the images of the last two revisions stay, others of ours go."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from agentgit.execute.clock import SystemClock
from agentgit.pipeline import Request, World, apply_plan, prepare_plan
from agentgit.source.repository import GitSource

pytestmark = [pytest.mark.docker, pytest.mark.podman]


@dataclass
class Rollouts:
    """A project with one instance, its host a real engine, its images in a registry."""

    folder: Path
    served: Any
    client: Any

    def use(self, version: int) -> None:
        """Commit another image."""
        agent = self.folder / "global/agents/echo.yaml"
        agent.write_text(
            "kind: Agent\nmetadata: {name: echo}\nspec:\n"
            "  rollout: {minHealthyTime: 50ms}\n"
            f'  container: {{image: "{self.served.name}:v{version}", stop_grace_period: 0s,\n'
            "    command: [/busybox, sleep, '600']}\n"
        )
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"Version {version}")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True)

    def run(self, **words: Any) -> str:
        source = GitSource.open(str(self.folder))
        world = World(source, SystemClock(), self.folder / ".git" / "state")
        with prepare_plan(world, Request(environment="staging", **words)) as session:
            *_, last = apply_plan(session)
        source.close()
        return str(last.outcome)  # type: ignore[union-attr]

    def versions(self) -> list[int]:
        """The versions that the engine has."""
        ids = (self.served.image, *self.served.later)
        there = {one["Id"].removeprefix("sha256:") for one in self.client.images(all=True)}
        return [n for n, id_ in enumerate(ids, 1) if id_.removeprefix("sha256:") in there]


@pytest.fixture
def rollouts(world: Any, engine: Any, registry: Any, tmp_path: Path) -> Iterator[Rollouts]:
    content = take_busybox(world.client)
    made = Rollouts(tmp_path, registry(engine, content, later=3), world.client)
    files = {
        "agentgit.yaml": "apiVersion: agentgit.dev/v1alpha1\nkind: Project\n"
        f"metadata: {{name: acme}}\nspec: {{id: {world.project_id}}}\n",
        "environments/staging/environment.yaml": "kind: Environment\nmetadata: {name: staging}\n"
        f"spec: {{keepRevisions: 2, hosts: {{here: {{engine: {engine.kind}, "
        f'endpoint: "{engine.url}"}}}}}}\n',
        "environments/staging/instances/echo.yaml": "kind: Instance\nmetadata: {name: echo}\n"
        "spec: {agent: echo}\n",
    }
    (tmp_path / "global/agents").mkdir(parents=True)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Ana")
    made.git("config", "user.email", "ana@acme.example")
    yield made
    made.run(kind="destroy")
    for id_ in (made.served.image, *made.served.later):
        try:
            world.client.remove_image(id_, force=True)
        except docker.errors.NotFound:
            continue


def take_busybox(client: Any) -> bytes:
    """Make a tar with a static busybox, from the image that every test engine has."""
    container = client.create_container("agentgit-test-python:1")["Id"]
    try:
        stream, _ = client.get_archive(container, "/usr/bin/busybox")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            file = archive.extractfile(archive.getmembers()[0])
            program = file.read() if file else b""
    finally:
        client.remove_container(container, force=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as layer:
        member = tarfile.TarInfo("busybox")
        member.size, member.mode = len(program), 0o755
        layer.addfile(member, io.BytesIO(program))
    return buffer.getvalue()


def test_the_last_two_stay_and_what_is_not_ours(rollouts: Rollouts) -> None:
    rollouts.client.pull(rollouts.served.name, tag="v1")  # somebody had it before us
    for version in (1, 2, 3):
        rollouts.use(version)
        assert rollouts.run() == "succeeded"
    assert rollouts.versions() == [1, 2, 3]
    rollouts.use(4)
    assert rollouts.run() == "succeeded"
    assert rollouts.versions() == [1, 3, 4]
    rollouts.served.stop()
    assert rollouts.run(kind="rollback", reason="x") == "succeeded"
    assert rollouts.versions() == [1, 3, 4]
    assert rollouts.run(kind="destroy") == "succeeded"
    assert rollouts.versions() == [1]

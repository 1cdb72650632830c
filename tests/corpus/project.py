"""A project whose instances are given as data, applied to a real engine in this process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker

from agentgit.execute.clock import SystemClock
from agentgit.execute.lease_value import Times
from agentgit.model.events import Event, RolloutFinished
from agentgit.model.plan import Plan
from agentgit.pipeline import Request, World, apply_plan, prepare_plan
from agentgit.source.repository import GitSource
from tests.corpus.fields import OTHER, PLAIN
from tests.engines.images import build_agent_image

ENVIRONMENT = "production"
TIMES = Times(ttl=120.0, call=60.0)  # a machine that is busy with a corpus loses no lease
GUARDS = frozenset({"removed", "replaced"})
RECIPE = f"""\
FROM {PLAIN}
ENV FROM_IMAGE=yes LEVEL=image
LABEL from=image
USER 1000
WORKDIR /tmp
EXPOSE 7000
VOLUME /kept
STOPSIGNAL SIGINT
HEALTHCHECK --interval=2s CMD true
ENTRYPOINT ["/usr/bin/env"]
"""


@dataclass
class Project:
    """A repository, and the engine that its one host is."""

    folder: Path
    url: str
    id: str = field(default_factory=lambda: str(uuid4()))

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example")
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def write(self, path: str, kind: str, spec: Mapping[str, Any]) -> None:
        """Write a document; JSON is YAML."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        name = (
            "corpus" if kind == "Project" else ENVIRONMENT if kind == "Environment" else file.stem
        )
        head = {"apiVersion": "agentgit.dev/v1alpha1", "kind": kind, "metadata": {"name": name}}
        file.write_text(json.dumps(head | {"spec": spec}, ensure_ascii=False))

    def set_instances(self, blocks: Mapping[str, Mapping[str, Any]]) -> None:
        """Declare these instances and no others, and commit that."""
        places = self.folder / "environments" / ENVIRONMENT / "instances"
        for old in places.glob("*.yaml"):
            old.unlink()
        for name, block in blocks.items():
            path = f"environments/{ENVIRONMENT}/instances/{name}.yaml"
            self.write(path, "Instance", {"agent": "worker", "container": block})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"{len(blocks)} instances")

    @contextmanager
    def world(self) -> Iterator[World]:
        source = GitSource.open(str(self.folder))
        try:
            state = self.folder / ".git" / "state"
            yield World(source, SystemClock(), state, TIMES)
        finally:
            source.close()

    def plan(self) -> Plan:
        request = Request(ENVIRONMENT, allow=GUARDS)
        with self.world() as world, prepare_plan(world, request) as session:
            assert session.plan is not None
            return session.plan

    def apply(self, **words: Any) -> list[Event]:
        request = Request(ENVIRONMENT, allow=GUARDS, **words)
        with self.world() as world, prepare_plan(world, request) as session:
            events = list(apply_plan(session))
        last = events[-1]
        failed = [one for one in events if one.kind == "step-failed"]
        assert isinstance(last, RolloutFinished)
        assert last.outcome == "succeeded", failed
        return events

    def forget_baselines(self) -> None:
        with self.world() as world, prepare_plan(world, Request(ENVIRONMENT)) as session:
            for provider in session.providers.values():
                provider.store.delete(f"baselines-{ENVIRONMENT}")

    def containers(self, client: docker.APIClient) -> dict[str, str]:
        """Ids of the replicas, by instance."""
        found = client.containers(
            all=True, filters={"label": [f"dev.agentgit.project-id={self.id}"]}
        )
        return {
            one["Labels"]["dev.agentgit.instance"]: one["Id"]
            for one in found
            if one["Labels"].get("dev.agentgit.kind") == "replica"
        }

    def sweep(self) -> None:
        """Remove what carries the project's id."""
        client = docker.APIClient(base_url=self.url, timeout=60)
        wanted = {"label": [f"dev.agentgit.project-id={self.id}"]}
        for one in client.containers(all=True, filters=wanted):
            if one["State"] == "paused":
                client.unpause(one["Id"])
            if one["State"] in {"running", "paused"}:
                client.kill(one["Id"])
            client.remove_container(one["Id"], force=True, v=True)
        for volume in client.volumes(filters=wanted)["Volumes"] or ():
            client.remove_volume(volume["Name"])
        for network in client.networks(filters=wanted):
            client.remove_network(network["Id"])
        client.close()


def make_project(folder: Path, kind: str, url: str) -> Project:
    """Make the repository, without instances, and the image that the corpus needs."""
    build_agent_image(url, OTHER, {"Dockerfile": RECIPE.encode()})
    folder.mkdir()
    project = Project(folder, url)
    project.git("init", "-q", "-b", "main")
    project.write("agentgit.yaml", "Project", {"id": project.id})
    place = {"local": {"engine": kind, "endpoint": url}}
    project.write(f"environments/{ENVIRONMENT}/environment.yaml", "Environment", {"hosts": place})
    rollout = {"minHealthyTime": "0s", "healthyDeadline": "3m"}
    spec = {"container": {"image": PLAIN}, "scale": {"replicas": 1}, "rollout": rollout}
    project.write("global/agents/worker.yaml", "Agent", spec)
    return project

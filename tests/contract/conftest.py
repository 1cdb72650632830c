"""Cleaning up on real engines: whatever a test made there goes, also when the test failed."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import docker
import docker.errors
import pytest

from agentgit.effects import Provider
from agentgit.model.steps import CreateReplica, EnsureNetwork, ReplicaSpec, Stamp, StartReplica
from agentgit.providers.docker.output import run_inside
from agentgit.providers.docker.provider import DockerProvider
from agentgit.testing.agent import PROGRAM
from agentgit.testing.provider_contract import OpenProvider

OpenOn = Callable[[Any], OpenProvider]


@pytest.fixture
def clean() -> Iterator[Callable[[str, str], None]]:
    """Note an engine and a project id: afterwards all that it made there is removed."""
    noted: list[tuple[str, str]] = []
    yield lambda url, project_id: noted.append((url, project_id))
    for url, project_id in noted:
        remove_project(url, project_id)


@dataclass(frozen=True)
class Served:
    """An image in a registry: its name there, the digest of its manifest, its id.

    `later` are the ids of the images behind the tags v2, v3, ...; `stop` ends the registry.
    """

    name: str
    digest: str
    image: str
    later: tuple[str, ...] = ()
    stop: Callable[[], None] = lambda: None


@pytest.fixture
def registry() -> Iterator[Callable[..., Served]]:
    """Serve tiny images on port 5000 of the host, as an engine sees it.

    Every tag but `other` means the first one, but for those of the `later`. Nobody else has had
    any of them.
    """
    opened = ExitStack()

    def start(engine: Any, content: bytes = bytes(10240), later: int = 0) -> Served:
        if engine.network is None:
            pytest.skip("only an engine of the tests reaches a registry of the tests")
        unique = str(uuid.uuid4())
        blobs: dict[str, bytes] = {}
        images = [make_image(blobs, content, f"{unique}-{n}") for n in range(later + 1)]
        host = str(ip_address(engine.address) - 1)
        tags = {f"v{n}": manifest for n, (manifest, _) in enumerate(images, 1)}
        place = Path(tempfile.gettempdir(), f"agentgit-{host}.lock")
        turn = opened.enter_context(place.open("w"))
        fcntl.flock(turn, fcntl.LOCK_EX)  # the port is one for all workers
        server = ThreadingHTTPServer((host, 5000), answer_with(blobs, images[0][0], tags))
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        opened.callback(server.server_close)
        opened.callback(server.shutdown)
        name = f"{host}:5000/agentgit/{unique}"
        return Served(name, *images[0], tuple(image for _, image in images[1:]), opened.close)

    yield start
    opened.close()


def make_image(blobs: dict[str, bytes], content: bytes, label: str) -> tuple[str, str]:
    """Make an image of one layer, a tar; gives the digest of its manifest, and its id."""
    layer = gzip.compress(content, mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/none"], "Labels": {"of": label}},
            "rootfs": {"type": "layers", "diff_ids": [digest(content)]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{DOCKER}.distribution.manifest.v2+json",
            "config": describe(f"{DOCKER}.container.image.v1+json", config),
            "layers": [describe(f"{DOCKER}.image.rootfs.diff.tar.gzip", layer)],
        }
    ).encode()
    blobs |= {digest(data): data for data in (layer, config, manifest)}
    return digest(manifest), digest(config)


DOCKER = "application/vnd.docker"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def describe(media: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media, "size": len(data), "digest": digest(data)}


def answer_with(
    blobs: dict[str, bytes], first: str, tags: dict[str, str]
) -> type[BaseHTTPRequestHandler]:
    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.path.rpartition("/")[2]
            is_manifest = "/manifests/" in self.path
            if is_manifest and wanted != "other":
                wanted = tags.get(wanted, wanted if wanted in blobs else first)
            body = b"{}" if self.path == "/v2/" else blobs.get(wanted)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            if is_manifest and body:
                self.send_header("Content-Type", f"{DOCKER}.distribution.manifest.v2+json")
                self.send_header("Docker-Content-Digest", wanted)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, *arguments: object) -> None:
            pass

    return Registry


@pytest.fixture
def open_on(clean: Callable[[str, str], None]) -> Iterator[OpenOn]:
    """Make an `open_provider` for an engine."""
    opened: list[Provider] = []

    def open_engine(engine: Any) -> OpenProvider:
        def open_it(project_id: str) -> Provider:
            provider = DockerProvider("here", engine.url, project_id, kind=engine.kind)
            clean(engine.url, project_id)
            opened.append(provider)
            return provider

        return open_it

    yield open_engine
    for provider in opened:
        provider.close()


def remove_project(url: str, project_id: str) -> None:
    """Remove containers, volumes and networks of a project, killing first."""
    client = docker.APIClient(base_url=url, timeout=30)
    filters = {"label": [f"dev.agentgit.project-id={project_id}"]}
    for one in client.containers(all=True, filters=filters):
        with suppress(docker.errors.APIError):
            client.kill(one["Id"])
        client.remove_container(one["Id"], force=True)
    for volume in client.volumes(filters=filters)["Volumes"] or ():
        client.remove_volume(volume["Name"], force=True)
    for network in client.networks(filters=filters):
        client.remove_network(network["Id"])
    client.close()


ENVIRONMENT = "staging"
IMAGE = "agentgit-test-python:1"
STAMP = Stamp(rollout="20261120-081530-7f3a", fence=3)


class Calls:
    """Records every call and cuts at one of them."""

    class CutError(Exception):
        """The process is gone at this point, for the purpose of a test."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.cut: int | None = None

    def __call__(self, when: str, call: str) -> None:
        if self.cut is not None and len(self.seen) == self.cut:
            self.cut = None
            raise self.CutError
        self.seen.append(f"{when} {call}")


class World:
    """One project on one engine, with a client of somebody else beside it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.project_id = str(uuid.uuid4())
        self.calls = Calls()
        self.provider = DockerProvider("here", url, self.project_id, on_call=self.calls)
        self.client = docker.APIClient(base_url=url, timeout=30)
        self.key = self.project_id[:8]

    def spec(self, instance: str = "echo", **container: Any) -> ReplicaSpec:
        return ReplicaSpec.model_validate(
            {
                "name": f"acme-{self.key}-staging-{instance}-0-0123abcd-1",
                "project_id": self.project_id,
                "project": "acme",
                "environment": ENVIRONMENT,
                "agent": "echo",
                "instance": instance,
                "slot": 0,
                "revision": "0123abcd" * 8,
                "commit": "89ef" * 10,
                "variables": {
                    "AGENTGIT_CONFIG": "/run/agentgit/agent.json",
                    "AGENTGIT_PORT_HTTP": "8080",
                },
                "document": {"who": instance},
                "container": {
                    "image": IMAGE,
                    "command": ["python3", "-u", "-c", PROGRAM],
                    "restart": "no",
                    "ports": {"http": {"target": 8080}},
                    **container,
                },
            }
        )

    def create(self, spec: ReplicaSpec) -> None:
        for network in spec.networks.values():
            self.provider.perform(
                EnsureNetwork(host="here", network=network, labels=self.labels()), STAMP
            )
        self.provider.perform(CreateReplica(host="here", replica=spec), STAMP)

    def run(self, spec: ReplicaSpec) -> str:
        self.create(spec)
        self.provider.perform(StartReplica(host="here", name=spec.name), STAMP)
        self.await_line(spec.name, "agent serves")
        found = self.provider.replica(spec.name)
        assert found is not None
        return found.id

    def await_line(self, name: str, wanted: str) -> None:
        assert wanted in self.provider.logs(name, follow=True)

    def labels(self) -> dict[str, str]:
        return {"dev.agentgit.environment": ENVIRONMENT}

    def inside(self, container: str, *command: str) -> tuple[int, str]:
        code, out, errors = run_inside(self.provider._engine, container, list(command), 20.0)
        return code, (out + errors).decode()

    @contextmanager
    def stranger(self, name: str, **options: Any) -> Iterator[str]:
        """Run somebody else's container."""
        made = self.client.create_container(IMAGE, name=name, command="sleep 300", **options)
        try:
            self.client.start(made["Id"])
            yield str(made["Id"])
        finally:
            self.client.remove_container(made["Id"], force=True)


@pytest.fixture
def world(engine: Any, clean: Callable[[str, str], None]) -> Iterator[World]:
    world = World(engine.url)
    clean(engine.url, world.project_id)
    yield world
    world.provider.close()
    world.client.close()

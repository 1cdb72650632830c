"""Cleaning up on real engines: whatever a test made there goes, also when the test failed."""

from __future__ import annotations

import gzip
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import Any

import docker
import docker.errors
import pytest

from agentgit.effects import Provider
from agentgit.providers.docker import DockerProvider
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
    """An image in a registry: its name there, the digest of its manifest, its id."""

    name: str
    digest: str
    image: str


@pytest.fixture
def registry() -> Iterator[Callable[[Any], Served]]:
    """Serve one tiny image on port 5000 of the host, as an engine sees it; any name, few tags."""
    servers: list[HTTPServer] = []

    def start(engine: Any) -> Served:
        if engine.network is None:
            pytest.skip("only an engine of the tests reaches a registry of the tests")
        layer = gzip.compress(bytes(10240), mtime=0)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/none"]},
                "rootfs": {"type": "layers", "diff_ids": [digest(bytes(10240))]},
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
        blobs = {digest(data): data for data in (layer, config, manifest)}
        host = str(ip_address(engine.address) - 1)
        server = ThreadingHTTPServer((host, 5000), answer_with(blobs, digest(manifest)))
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        name = f"{host}:5000/agentgit/{uuid.uuid4()}"
        return Served(name, digest(manifest), digest(config))

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


DOCKER = "application/vnd.docker"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def describe(media: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media, "size": len(data), "digest": digest(data)}


def answer_with(blobs: dict[str, bytes], manifest: str) -> type[BaseHTTPRequestHandler]:
    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.path.rpartition("/")[2]
            if "/manifests/" in self.path and wanted != "other":
                wanted = manifest
            body = b"{}" if self.path == "/v2/" else blobs.get(wanted)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            if wanted == manifest:
                self.send_header("Content-Type", f"{DOCKER}.distribution.manifest.v2+json")
                self.send_header("Docker-Content-Digest", manifest)
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

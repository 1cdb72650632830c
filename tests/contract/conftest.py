"""Cleaning up on real engines: whatever a test made there goes, also when the test failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
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

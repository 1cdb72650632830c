"""The Docker provider keeps the contract of all providers, on a real Docker and a real Podman."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentgit.testing.agent import PROGRAM, Behaviour
from agentgit.testing.provider_contract import OpenProvider, ProviderContract

IMAGE = "agentgit-test-python:1"


class ContainerContract(ProviderContract):
    def content(self, behaviour: Behaviour) -> Mapping[str, Any]:
        program = "no-such-program" if behaviour == "unstartable" else "python3"
        return {
            "variables": {
                "AGENTGIT_CONFIG": "/run/agentgit/agent.json",
                "AGENTGIT_PORT_HTTP": "8080",
            },
            "container": {
                "image": IMAGE,
                "command": [program, "-u", "-c", PROGRAM],
                "restart": "no",
                "environment": {"BEHAVIOUR": behaviour},
                "ports": {"http": {"target": 8080}},
                "healthcheck": {
                    "test": [
                        "CMD-SHELL",
                        "wget -qO- http://127.0.0.1:$AGENTGIT_PORT_HTTP/healthz",
                    ],
                    "interval": "300ms",
                    "timeout": "5s",
                    "retries": 2,
                    "start_period": "0s" if behaviour == "unhealthy" else "20s",
                },
            },
        }


@pytest.mark.docker
class TestOnDocker(ContainerContract):
    @pytest.fixture
    def open_provider(self, open_on: Any, docker_engine: Any) -> OpenProvider:
        return open_on(docker_engine)


@pytest.mark.podman
class TestOnPodman(ContainerContract):
    @pytest.fixture
    def open_provider(self, open_on: Any, podman_engine: Any) -> OpenProvider:
        return open_on(podman_engine)

"""The memory provider keeps the contract of all providers, so that fast tests mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentgit.effects import Provider
from agentgit.model.steps import ReplicaSpec
from agentgit.providers.memory import Behaviour as MemoryBehaviour
from agentgit.providers.memory import MemoryEngine, MemoryProvider
from agentgit.testing.agent import Behaviour
from agentgit.testing.provider_contract import OpenProvider, ProviderContract


def behave(spec: ReplicaSpec) -> MemoryBehaviour:
    assert spec.container is not None
    behaviours: Mapping[str, MemoryBehaviour] = {
        "unhealthy": "unhealthy",
        "crashing": "ends",
        "unstartable": "unstartable",
    }
    return behaviours.get(spec.container.environment["BEHAVIOUR"], "healthy")


def write(spec: ReplicaSpec) -> list[str]:
    last = "cannot go on" if behave(spec) == "ends" else "agent serves"
    return ["agent starts", last]


class TestMemoryProvider(ProviderContract):
    @pytest.fixture
    def open_provider(self) -> OpenProvider:
        engine = MemoryEngine()
        engine.behave, engine.write = behave, write
        engine.write_end = lambda _: ["agent ends"]
        engine.exit_code = 7
        engine.missing_images.add("127.0.0.1:9/agentgit/nobody:1")

        def open_it(project_id: str) -> Provider:
            return MemoryProvider("here", project_id, engine)

        return open_it

    def content(self, behaviour: Behaviour) -> Mapping[str, Any]:
        return {
            "container": {
                "image": "echo",
                "restart": "no",
                "environment": {"BEHAVIOUR": behaviour},
                "ports": {"http": {"target": 8080}},
                "healthcheck": {"test": "check", "interval": "1s"},
            }
        }

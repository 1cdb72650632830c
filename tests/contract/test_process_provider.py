"""The process provider keeps the contract of all providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from agentgit.effects import Provider
from agentgit.model.steps import (
    EngineStep,
    ExportSource,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
)
from agentgit.providers.process.provider import ProcessProvider
from agentgit.testing.agent import PROGRAM, Behaviour
from agentgit.testing.provider_contract import OpenProvider, ProviderContract

pytestmark = pytest.mark.slow  # real processes, or real waiting

PROBE = (
    "import os, urllib.request as r; "
    "r.urlopen('http://127.0.0.1:' + os.environ['AGENTGIT_PORT_HTTP'] + '/healthz', timeout=2)"
)


def tree(commit: str, folder: str) -> Iterator[tuple[str, str, bytes]]:
    assert (commit, folder) == ("89ef" * 10, "agents/echo")
    yield "agent.py", "100644", PROGRAM.encode()


class TestProcessProvider(ProviderContract):
    runs_images = False
    has_networks = False

    @pytest.fixture
    def open_provider(self, tmp_path: Any) -> Iterator[OpenProvider]:
        opened: dict[str, ProcessProvider] = {}

        def open_it(project_id: str) -> Provider:
            folder = tmp_path / project_id / "here"
            opened[project_id] = ProcessProvider("here", project_id, folder, tree)
            return opened[project_id]

        yield open_it
        for provider in opened.values():
            for facts in provider._folders.replicas():
                provider.perform(
                    RemoveReplica(host="here", name=facts.name), Stamp(rollout="-", fence=0)
                )

    def content(self, behaviour: Behaviour) -> Mapping[str, Any]:
        program = "no-such-program" if behaviour == "unstartable" else "python3"
        return {
            "process": {"source": "agents/echo", "command": [program, "-u", "agent.py"]},
            "source": "5e" * 32,
            "container": {
                "image": "unused",
                "restart": "no",
                "environment": {"BEHAVIOUR": behaviour},
                "ports": {"http": {"target": 8080}},
                "healthcheck": {
                    "test": ["CMD", "python3", "-c", PROBE],
                    "interval": "200ms",
                    "timeout": "5s",
                    "retries": 3,
                    "start_period": "1s" if behaviour == "unhealthy" else "20s",
                },
            },
        }

    def preparation(self, spec: ReplicaSpec) -> tuple[EngineStep, ...]:
        export = ExportSource(
            host="here", commit=spec.commit, path="agents/echo", source=spec.source
        )
        return (*super().preparation(spec), export)

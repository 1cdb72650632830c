"""What a provider's tests fill in, and how replicas are built and awaited in the contract."""

# ruff: noqa: S101 - a conformance suite asserts

from __future__ import annotations

import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from agentgit.effects import Provider
from agentgit.model.observed import Replica
from agentgit.model.steps import (
    CreateReplica,
    EngineStep,
    EnsureImage,
    EnsureNetwork,
    EnsureVolume,
    ReplicaSpec,
    Stamp,
    StartReplica,
)
from agentgit.testing.agent import Behaviour

OpenProvider = Callable[[str], Provider]  # project id -> provider
ENVIRONMENT = "staging"
STAMP = Stamp(rollout="20261120-081530-7f3a", fence=3)
DOCUMENT: Mapping[str, object] = {"instructions": "Answer über alles.", "limit": 3}


class ProviderHooks(ABC):
    """The hooks of a provider, with builders on top. Every test has project ids of its own."""

    # what this kind of provider knows at all
    runs_images: ClassVar[bool] = True
    has_networks: ClassVar[bool] = True
    has_volumes: ClassVar[bool] = True
    has_limits: ClassVar[bool] = True
    patience: ClassVar[float] = 30.0  # seconds for anything that must come about

    # ---- hooks

    @pytest.fixture
    @abstractmethod
    def open_provider(self) -> OpenProvider:
        """Open a provider for a project id; afterwards everything made must go."""

    @abstractmethod
    def content(self, behaviour: Behaviour) -> Mapping[str, Any]:
        """Fields of a ReplicaSpec for an agent that behaves so; restart policy `no`.

        Healthy and stubborn (ignores SIGTERM) become healthy, unhealthy never does, crashing
        ends at once with exit code 7, unstartable names a program that does not exist. A health
        check with an interval of at most 1 s belongs to all of them.
        """

    def preparation(self, spec: ReplicaSpec) -> tuple[EngineStep, ...]:
        """Give the steps that a replica needs before it can be created."""
        host, labels = "here", ownership(spec)
        networks = sorted(set(spec.networks.values()))
        volumes = sorted(set(spec.volumes.values()))
        return (
            *([EnsureImage(host=host, image=spec.container.image)] if spec.container else []),
            *(EnsureNetwork(host=host, network=name, labels=labels) for name in networks),
            *(EnsureVolume(host=host, volume=name, labels=labels) for name in volumes),
        )

    def configuration(self, provider: Provider, name: str) -> object:
        """Ask a serving replica for the configuration that it was given."""
        status, body = provider.request(name, "http", "/config", 10.0)
        assert status == 200
        return json.loads(body)

    def pause(self, provider: Provider) -> None:  # noqa: ARG002 - a simulated provider needs it
        """Let a moment pass between two looks."""
        time.sleep(0.05)

    # ---- builders

    @pytest.fixture
    def project_id(self) -> str:
        """An identity nobody else has."""
        return str(uuid.uuid4())

    @pytest.fixture
    def provider(self, open_provider: OpenProvider, project_id: str) -> Provider:
        """The provider under test."""
        return open_provider(project_id)

    def replica_spec(
        self, project_id: str, behaviour: Behaviour = "healthy", **changes: object
    ) -> ReplicaSpec:
        """Build a spec that this provider can run."""
        instance = str(changes.get("instance", "echo"))
        environment = str(changes.get("environment", ENVIRONMENT))
        identity: dict[str, object] = {
            "name": f"acme-{project_id[:6]}-{environment}-{instance}-0-0123abcd-1",
            "project_id": project_id,
            "project": "acme",
            "environment": environment,
            "agent": "echo",
            "instance": instance,
            "slot": 0,
            "revision": "0123abcd" * 8,
            "commit": "89ef" * 10,
            "document": DOCUMENT,
        }
        return ReplicaSpec.model_validate(identity | dict(self.content(behaviour)) | changes)

    def create(self, provider: Provider, spec: ReplicaSpec) -> None:
        """Prepare and create, without starting."""
        for step in (*self.preparation(spec), CreateReplica(host="here", replica=spec)):
            provider.perform(step, STAMP)

    def run(self, provider: Provider, spec: ReplicaSpec) -> None:
        """Prepare, create and start."""
        self.create(provider, spec)
        provider.perform(StartReplica(host="here", name=spec.name), STAMP)

    def wait_for(
        self, provider: Provider, name: str, reached: Callable[[Replica], bool]
    ) -> Replica:
        """Look at a replica until it is as wanted."""
        deadline = time.monotonic() + self.patience
        while True:
            replica = provider.replica(name)
            assert replica is not None, f"{name} is gone"
            if reached(replica):
                return replica
            assert time.monotonic() < deadline, f"still {replica.state}, {replica.health}"
            self.pause(provider)


def ownership(spec: ReplicaSpec) -> dict[str, str]:
    """Build the labels of what belongs to an environment rather than to a replica."""
    return {
        "dev.agentgit.project": spec.project,
        "dev.agentgit.project-id": spec.project_id,
        "dev.agentgit.environment": spec.environment,
    }

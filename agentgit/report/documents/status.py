"""The shapes of the documents of what runs and of what happened."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from agentgit.model.observed import EngineKind, Health, State
from agentgit.report.documents.parts import (
    CommitDocument,
    PinDocument,
    RolloutRecordDocument,
)


class HostDocument(TypedDict):
    """A host that answers."""

    name: str
    """Its name in the environment."""
    engine: EngineKind
    """What runs the replicas there."""
    version: str
    """The version of that engine."""


class UnreachableDocument(TypedDict):
    """A host that does not answer, or is not the one any more: what runs there is not known."""

    name: str
    """Its name in the environment."""
    reason: str
    """Why, for people; the words may change at any time."""


class ReplicaDocument(TypedDict):
    """One running copy of an instance."""

    slot: int
    """Which of the instance's replicas, from 0."""
    host: str
    """The host that it runs on."""
    id: str
    """The engine's full id of it."""
    name: str
    """Its name."""
    revision: str
    """The revision that it runs."""
    commit: str
    """The commit that created it."""
    state: State
    """What the engine says of it."""
    health: Health
    """What its health check says; `none` where it has none."""
    serving: bool
    """Whether it runs and no health check says otherwise."""
    exitCode: int | None
    """How it ended; null where it has not, or nobody saw it."""
    restarts: int
    """How often the engine has started it again."""
    startedAt: str
    """When it was started, as the engine says it."""
    addresses: dict[str, str]
    """By the name of a port: where it is reached from its host."""
    unverified: bool
    """Whether it is not known if somebody changed it by hand."""
    changedByHand: list[str]
    """What somebody changed by hand."""


class InstanceStatusDocument(TypedDict):
    """One instance and its replicas."""

    name: str
    """The instance."""
    agent: str | None
    """The agent that it is one of; null where nobody declares it any more."""
    wanted: int
    """How many replicas are asked for."""
    replicas: list[ReplicaDocument]
    """The replicas that there are, also those that have ended."""


class QuarantinedDocument(TypedDict):
    """A revision of an instance that failed, and is not tried again."""

    instance: str
    """The instance."""
    revision: str
    """The revision that failed."""
    rollout: str
    """The rollout in which it failed."""
    since: str | None
    """When, ISO 8601."""
    step: str
    """The kind of the step that failed."""
    message: str
    """What happened, for people; its words may change at any time."""


class StatusDocument(TypedDict):
    """What `status --json` writes: what runs in an environment."""

    format: Literal["agentgit/status@1"]
    """The name and the version of this document."""
    environment: str
    """The environment."""
    commit: CommitDocument | None
    """The commit that it is held at or follows."""
    pin: PinDocument | None
    """The pin that holds it; null where there is none."""
    pending: bool | None
    """Whether anything is left to do; null where that cannot be said."""
    hosts: list[HostDocument]
    """The hosts that answer."""
    unreachable: list[UnreachableDocument]
    """The hosts of which nothing is known."""
    instances: list[InstanceStatusDocument]
    """The instances that are declared or still run, in order of name."""
    quarantine: list[QuarantinedDocument]
    """What is asked for and not tried again."""
    lastRollout: RolloutRecordDocument | None
    """The newest rollout; null where there was none."""


class HistoryDocument(TypedDict):
    """What `history --json` writes."""

    format: Literal["agentgit/history@1"]
    """The name and the version of this document."""
    environment: str
    """The environment."""
    rollouts: list[RolloutRecordDocument]
    """The rollouts, the newest first."""

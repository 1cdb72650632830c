"""The shapes of the documents of one rollout, of its events, and of one replica's story."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from agentgit.model.observed import Health
from agentgit.model.rollout import Outcome
from agentgit.report.documents.parts import (
    CommitDocument,
    FailureDocument,
    PinDocument,
    RolloutRecordDocument,
)
from agentgit.report.documents.plan import ChangeDocument, PlanDocument


class LeaseAwaitedDocument(TypedDict):
    """Somebody else is at work; it is waited for."""

    kind: Literal["lease-awaited"]
    """What happened."""
    hosts: list[str]
    """The hosts whose lease is held."""
    seconds: float
    """How long the lease is watched before it counts as abandoned."""
    holder: str
    """Who holds it, empty where that is not known."""
    asked: bool
    """Whether the holder, who applies an older commit, is asked to make way."""
    patience: float
    """For how many seconds it is waited at most while the holder goes on."""


class RolloutStartedDocument(TypedDict):
    """The rollout begins; nothing is changed yet."""

    kind: Literal["rollout-started"]
    """What happened."""
    rollout: str
    """The id of the rollout."""
    commit: str
    """The full id of the commit that is carried out."""
    waves: int
    """How many waves there are."""
    moves: int
    """How many moves there are in all of them."""


class PrepareDoneDocument(TypedDict):
    """Images, networks, volumes and sources are there; no running replica was touched."""

    kind: Literal["prepare-done"]
    """What happened."""
    steps: int
    """How many steps that took."""


class WaveStartedDocument(TypedDict):
    """A wave begins."""

    kind: Literal["wave-started"]
    """What happened."""
    number: int
    """Which wave, from 1."""
    of: int
    """How many there are."""
    moves: int
    """How many moves it has."""
    title: str
    """What the wave is, for people."""


class WaveDoneDocument(TypedDict):
    """All moves of a wave have finished."""

    kind: Literal["wave-done"]
    """What happened."""
    number: int
    """Which wave, from 1."""


class StepStartedDocument(TypedDict):
    """A step begins."""

    kind: Literal["step-started"]
    """What happened."""
    instance: str
    """The instance; empty where the step is for the whole plan."""
    host: str
    """The host it is done on."""
    step: str
    """The kind of step."""
    target: str
    """The name of the replica, image, network or volume that it is about."""


class StepDoneDocument(TypedDict):
    """A step has ended well."""

    kind: Literal["step-done"]
    """What happened."""
    instance: str
    """The instance; empty where the step is for the whole plan."""
    host: str
    """The host it was done on."""
    step: str
    """The kind of step."""
    target: str
    """The name of the replica, image, network or volume that it is about."""
    seconds: float
    """How long it took."""


class StepRetriedDocument(TypedDict):
    """The world was at fault: the step is tried again."""

    kind: Literal["step-retried"]
    """What happened."""
    instance: str
    """The instance; empty where the step is for the whole plan."""
    host: str
    """The host it is done on."""
    step: str
    """The kind of step."""
    target: str
    """The name of the replica, image, network or volume that it is about."""
    attempt: int
    """How often it has been tried."""
    wait: float
    """After how many seconds it is tried again."""
    message: str
    """What happened, for people; its words may change at any time."""


class StepFailedDocument(TypedDict):
    """A step did not succeed."""

    kind: Literal["step-failed"]
    """What happened."""
    failure: FailureDocument
    """What it was, and the evidence."""


class LeftBehindDocument(TypedDict):
    """What nobody needs any more could not be removed; nothing else comes of it."""

    kind: Literal["left-behind"]
    """What happened."""
    host: str
    """The host it is on."""
    step: str
    """The kind of step."""
    target: str
    """The name of what is still there."""
    message: str
    """Why, for people; its words may change at any time."""


class InstanceGivenUpDocument(TypedDict):
    """An instance failed, and so few have that the rollout goes on without it."""

    kind: Literal["instance-given-up"]
    """What happened."""
    instance: str
    """The instance."""
    failed: int
    """How many have failed by now."""
    tolerated: int
    """How many may."""


class MoveUndoneDocument(TypedDict):
    """New replicas of a move that never served are gone again."""

    kind: Literal["move-undone"]
    """What happened."""
    instance: str
    """The instance."""
    host: str
    """The host."""
    slot: int
    """Which of the instance's replicas, from 0."""


class HoldStartedDocument(TypedDict):
    """The new replicas are looked at for a while."""

    kind: Literal["hold-started"]
    """What happened."""
    seconds: float
    """For how long."""


class HoldDoneDocument(TypedDict):
    """The look is over and all was well."""

    kind: Literal["hold-done"]
    """What happened."""


class SupersededDocument(TypedDict):
    """The rollout stops at a safe point and makes way for somebody else."""

    kind: Literal["superseded"]
    """What happened."""
    commit: str
    """The commit that it makes way for."""
    actor: str
    """Who applies that."""


class GoingBackDocument(TypedDict):
    """The change set goes back."""

    kind: Literal["going-back"]
    """What happened."""
    instances: list[str]
    """The instances that go back."""
    to: list[str]
    """The commits that they go back to; none: they are removed."""


class RolloutFinishedDocument(TypedDict):
    """The rollout has ended."""

    kind: Literal["rollout-finished"]
    """What happened."""
    rollout: str
    """The id of the rollout."""
    outcome: Outcome
    """How it ended."""
    seconds: float
    """How long it took."""


EventDocument = (
    LeaseAwaitedDocument
    | RolloutStartedDocument
    | PrepareDoneDocument
    | WaveStartedDocument
    | WaveDoneDocument
    | StepStartedDocument
    | StepDoneDocument
    | StepRetriedDocument
    | StepFailedDocument
    | LeftBehindDocument
    | InstanceGivenUpDocument
    | MoveUndoneDocument
    | HoldStartedDocument
    | HoldDoneDocument
    | SupersededDocument
    | GoingBackDocument
    | RolloutFinishedDocument
)


class RolloutDocument(TypedDict):
    """What `apply --json` writes, and every other command that carries something out."""

    format: Literal["agentgit/rollout@1"]
    """The name and the version of this document."""
    environment: str
    """The environment."""
    commit: CommitDocument | None
    """The commit that was carried out."""
    pin: PinDocument | None
    """The pin that holds the environment; null where there is none."""
    rollout: str | None
    """The id of the rollout; null where there was nothing to do."""
    outcome: Outcome | None
    """How it ended; null where there was nothing to do."""
    seconds: float | None
    """How long it took; null where it has not come to its end."""
    failures: list[FailureDocument]
    """What failed."""
    events: list[EventDocument]
    """What happened, in order."""
    warnings: list[str]
    """What else is worth knowing, for people."""


class HistoryShowDocument(TypedDict):
    """What `history show --json` writes: all of one rollout."""

    format: Literal["agentgit/history-show@1"]
    """The name and the version of this document."""
    environment: str
    """The environment."""
    rollout: RolloutRecordDocument
    """The rollout as the history has it."""
    plan: PlanDocument | None
    """The plan that was carried out; null where none was recorded."""
    events: list[EventDocument]
    """What happened, in order."""


class EvidenceDocument(TypedDict):
    """Something that was seen of a replica."""

    what: str
    """What it was, for people; the words may change at any time."""
    seconds: float | None
    """After how many seconds; null where that is not known."""


class WhyDocument(TypedDict):
    """What `why --json` writes: which rollout made a replica, and why."""

    format: Literal["agentgit/why@1"]
    """The name and the version of this document."""
    environment: str
    """The environment."""
    replica: str
    """The name of the replica."""
    running: bool | None
    """Whether it runs; null where nobody knows what its host runs."""
    id: str | None
    """The engine's full id of it; null where it is gone or not seen."""
    host: str | None
    """The host that it runs, or ran, on."""
    instance: str | None
    """The instance that it is a replica of."""
    slot: int | None
    """Which of the instance's replicas, from 0."""
    revision: str | None
    """The revision that it runs."""
    health: Health | None
    """What its health check says; null where it is gone."""
    commit: CommitDocument | None
    """The commit that it runs."""
    rollout: RolloutRecordDocument | None
    """The rollout that made it, where the history has it."""
    rolloutId: str | None
    """The id of that rollout, as the replica itself says."""
    removedBy: RolloutRecordDocument | None
    """The rollout that took it away."""
    wentBack: bool
    """Whether it was made by the way back of a rollout that failed."""
    change: ChangeDocument | None
    """Why it was made."""
    evidence: list[EvidenceDocument]
    """What was seen of it."""
    failure: FailureDocument | None
    """Why it failed; null where it did not."""

"""What execution tells while it goes on. The CLI prints them, the ledger stores them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentgit.model.rollout import Failure, Outcome
from agentgit.model.value import Value


class LeaseAwaited(Value):
    """Somebody else holds the lease; it is watched, and taken over when it stands still.

    `asked` says that the holder, who applies an older commit, is asked to make way; `patience` for
    how many seconds to wait at most while it goes on.
    """

    kind: Literal["lease-awaited"] = "lease-awaited"
    environment: str
    hosts: tuple[str, ...]
    seconds: float
    holder: str = ""
    asked: bool = False
    patience: float = 0.0


class RolloutStarted(Value):
    """The rollout begins; nothing is changed yet."""

    kind: Literal["rollout-started"] = "rollout-started"
    rollout: str
    environment: str
    commit: str
    waves: int
    moves: int


class PrepareDone(Value):
    """Images, networks, volumes and sources are there; no running replica was touched so far."""

    kind: Literal["prepare-done"] = "prepare-done"
    steps: int


class WaveStarted(Value):
    """A wave begins; `number` counts from 1."""

    kind: Literal["wave-started"] = "wave-started"
    number: int
    of: int
    title: str
    moves: int


class StepStarted(Value):
    """A step begins. `target` is the replica's or resource's name, empty instance: whole plan."""

    kind: Literal["step-started"] = "step-started"
    instance: str
    host: str
    step: str
    target: str


class StepDone(Value):
    """A step ended well, after `seconds`."""

    kind: Literal["step-done"] = "step-done"
    instance: str
    host: str
    step: str
    target: str
    seconds: float


class StepFailed(Value):
    """A step did not succeed."""

    kind: Literal["step-failed"] = "step-failed"
    failure: Failure


class LeftBehind(Value):
    """Something that nobody needs any more could not be removed; nothing else comes of it."""

    kind: Literal["left-behind"] = "left-behind"
    host: str
    step: str
    target: str
    message: str


class StepRetried(Value):
    """The world was at fault: the step is tried again after `wait` seconds."""

    kind: Literal["step-retried"] = "step-retried"
    instance: str
    host: str
    step: str
    target: str
    attempt: int
    wait: float
    message: str


class InstanceGivenUp(Value):
    """An instance failed, and so few have that the rollout goes on without it."""

    kind: Literal["instance-given-up"] = "instance-given-up"
    instance: str
    failed: int
    tolerated: int


class MoveUndone(Value):
    """New replicas of a move that never served are gone again."""

    kind: Literal["move-undone"] = "move-undone"
    instance: str
    host: str
    slot: int


class HoldStarted(Value):
    """Looking at the new replicas for a while."""

    kind: Literal["hold-started"] = "hold-started"
    seconds: float


class HoldDone(Value):
    """The look is over and all was well; it is not repeated when the rollout is resumed."""

    kind: Literal["hold-done"] = "hold-done"


class Superseded(Value):
    """A rollout stops at a safe point and makes way for somebody else.

    `newer` says that it was asked to, for a newer commit; else somebody has taken the lease during
    a pause, for whatever there was to do.
    """

    kind: Literal["superseded"] = "superseded"
    commit: str
    actor: str
    newer: bool = False


class WaveDone(Value):
    """All moves of a wave have finished."""

    kind: Literal["wave-done"] = "wave-done"
    number: int


class GoingBack(Value):
    """The change set goes back: `instances` to the commits in `to`; empty `to` removes them."""

    kind: Literal["going-back"] = "going-back"
    instances: tuple[str, ...]
    to: tuple[str, ...]


class RolloutFinished(Value):
    """The rollout ended, after `seconds`."""

    kind: Literal["rollout-finished"] = "rollout-finished"
    rollout: str
    outcome: Outcome
    seconds: float


Event = Annotated[
    LeaseAwaited
    | RolloutStarted
    | PrepareDone
    | WaveStarted
    | StepStarted
    | StepDone
    | StepFailed
    | LeftBehind
    | StepRetried
    | InstanceGivenUp
    | MoveUndone
    | HoldStarted
    | HoldDone
    | Superseded
    | WaveDone
    | GoingBack
    | RolloutFinished,
    Field(discriminator="kind"),
]

"""The shapes of the documents of a plan and of drift."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agentgit.model.change import CauseKind, ChangeClass, ChangeKind, Forces
from agentgit.model.guards import Guard
from agentgit.model.refusal import Refuser
from agentgit.model.risk import Level
from agentgit.model.value import Json
from agentgit.report.documents.images import (
    AbsentImageDocument,
    MixedImageDocument,
    MovedImageDocument,
)
from agentgit.report.documents.parts import (
    BlameDocument,
    CommitDocument,
    OriginDocument,
    PinDocument,
)


class ProjectDocument(TypedDict):
    """The project."""

    id: str
    """Its identity, in every clone and fork."""
    name: str
    """Its name."""


_ClassDocument = TypedDict(
    "_ClassDocument",
    {"class": Annotated[ChangeClass, Field(description="What the value is about.")]},
)


class FieldDocument(_ClassDocument):
    """One effective value that differs."""

    path: str
    """Which value, with dots; it begins with the block: `model.params.temperature`."""
    before: NotRequired[Json]
    """The value before; missing where there was none, which is not the same as null."""
    beforeText: NotRequired[str]  # noqa: N815 - the name in the document
    """In a plan, instead of `before`: the name of a long text in `texts`."""
    after: NotRequired[Json]
    """The value after; missing where there is none, which is not the same as null."""
    afterText: NotRequired[str]  # noqa: N815 - the name in the document
    """In a plan, instead of `after`: the name of a long text in `texts`."""
    origin: OriginDocument | None
    """The place that decides the value after: what says it, what takes it away, or the name of
    what says it where that is another one; null where nobody says it any more."""
    lines: list[int] | None
    """For a text: the first and the last line of that file that differ; where `origin` is null,
    those of the file of `was` that went. Else null."""
    files: list[str]
    """For a folder: the files in it that differ."""
    forces: Forces
    """What it takes to bring it about: new replicas, a change of running ones, another number of
    them, other hosts for them, or nothing."""
    over: NotRequired[OriginDocument | None]
    """In a plan: the next place below it, whose value it goes over; null where there is none."""
    was: OriginDocument | None
    """The place in the older commit that decided the value before, where that is another file or
    where `origin` is no place that says the value after."""
    blame: NotRequired[BlameDocument | None]
    """With `--blame`: who wrote the line last, of several the newest; null where not known."""
    blames: NotRequired[list[BlameDocument]]
    """With `--blame`: everybody who wrote one of the lines that differ last, the newest first."""
    changed: NotRequired[BlameDocument | None]
    """With `--blame`, where lines are gone and there is none to blame: who changed the file of
    `origin`, or else of `was`, last, which need not be who took them away; else null."""


class CauseDocument(TypedDict):
    """Why a change exists."""

    kind: CauseKind
    """The kind of reason."""
    detail: str
    """The facts, for people; the words may change at any time."""


class GapDocument(TypedDict):
    """An instance that nobody serves for a while: an estimate."""

    instance: str
    """The instance."""
    atLeastSeconds: float
    """The shortest that it may take."""
    atMostSeconds: float
    """The longest that it may take."""
    reason: str
    """Why its replicas must stop first."""


class ChangeRiskDocument(TypedDict):
    """What one change puts at risk."""

    level: Level
    """The highest of the reasons."""
    reasons: list[str]
    """What is at risk, in short phrases whose words may change at any time."""


class ChangeDocument(TypedDict):
    """What happens to one instance, and why."""

    symbol: str
    """`+` new, `~` changed, `-` removed, `±` another number, `!` set back; empty: untouched."""
    kind: ChangeKind
    """What happens to the instance."""
    drift: bool
    """Whether only a difference that no commit asked for is set right."""
    instance: str
    """The name of the instance."""
    agent: str
    """The agent that it is one of."""
    path: str
    """The file that declares it, or did so last."""
    replicas: int
    """How many replicas are asked for; of a removed one none are left."""
    replicasBefore: int
    """How many replicas it has now."""
    touched: int
    """How many replicas are created, replaced, changed or removed."""
    revision: str
    """Its revision afterwards; empty where it is removed."""
    fromRevisions: list[str]
    """The revisions that run now and are replaced."""
    strategy: str
    """How replicas are replaced; empty where none are."""
    order: Literal["start-first", "stop-first"] | None
    """Whether new replicas start before old ones stop; null where none are replaced."""
    orderReason: str
    """Why old ones must stop first; empty where they need not."""
    causes: list[CauseDocument]
    """Why the change exists."""
    fields: list[FieldDocument]
    """The values that differ."""
    risk: ChangeRiskDocument
    """What this change alone puts at risk."""
    share: float
    """The share of the instance's replicas that it touches, from 0 to 1."""
    gap: GapDocument | None
    """For how long nobody serves the instance; null where somebody always does."""
    ends: int
    """How many replicas go for good."""
    cannotBeUndone: list[str]
    """What going back does not bring back, in short phrases whose words may change at any time."""
    changed: NotRequired[BlameDocument | None]
    """With `--blame`, where no field is there: who changed the file that declares the instance,
    or took it away, last; else null."""


class StepDocument(TypedDict):
    """One step: one call to an engine, or a wait."""

    step: str
    """The kind of step."""
    host: str
    """The host it is done on."""
    target: str
    """The name of the replica, image, network or volume that it is about."""


class MoveDocument(TypedDict):
    """One replica's way from old to new."""

    instance: str
    """The instance."""
    host: str
    """The host."""
    slot: int
    """Which of the instance's replicas, from 0."""
    prepare: list[StepDocument]
    """What can be taken back, in order."""
    finish: list[StepDocument]
    """What cannot; it begins when all preparations of the wave have succeeded."""


class WaveDocument(TypedDict):
    """Moves that run side by side; waves run one after the other."""

    title: str
    """What the wave is, for people."""
    holdSeconds: float | None
    """How long the new replicas are looked at before the next wave; null: not at all."""
    moves: list[MoveDocument]
    """The moves."""


class PassedDocument(TypedDict):
    """A pause of a canary that an interrupted rollout had passed: it is not repeated."""

    instance: str
    """The instance."""
    weight: int
    """The share of new replicas at which the pause was, in percent."""
    old: str
    """The revisions that were replaced, joined by commas."""
    new: str
    """The revision that replaces them."""


class TotalsDocument(TypedDict):
    """The plan in numbers."""

    replicasBefore: int
    """How many replicas there are now."""
    replicasHealthy: int
    """How many of them serve."""
    replicasAfter: int
    """How many there are afterwards."""
    replicasPeak: int
    """The most that run at one time."""
    replicasTouched: int
    """How many are created, replaced, changed or removed."""


class RiskDocument(TypedDict):
    """What carrying the plan out puts at risk."""

    level: Level
    """The highest of the reasons."""
    reasons: list[str]
    """What is at risk, in short phrases whose words may change at any time."""
    gaps: list[GapDocument]
    """The instances that nobody serves for a while."""


class CourseDocument(TypedDict):
    """How one instance fares in a rehearsal."""

    instance: str
    """The instance."""
    servingBefore: int
    """How many of its replicas serve at the beginning."""
    servingLeast: int
    """How many serve at the worst moment."""
    servingAfter: int
    """How many serve at the end."""
    mixedSeconds: float
    """For how long old and new revisions serve side by side."""


class RehearsalDocument(TypedDict):
    """How the plan would go: an estimate, where every agent does well."""

    seconds: float
    """How long all of it takes."""
    waveSeconds: list[float]
    """How long each wave takes, with its pause."""
    replicasPeak: int
    """The most replicas at one time."""
    memoryPeakBytes: int
    """The most memory at one time, by declared limits."""
    replicasWithoutLimit: int
    """The most replicas at one time that declare no limit of memory."""
    imagesNotCounted: int
    """How many images have to be pulled, which is not estimated."""
    failure: str | None
    """Why it would not come to its end although every agent does well; null where it does."""
    instances: list[CourseDocument]
    """The instances that the plan touches."""


class RefusalDocument(TypedDict):
    """Why a guard refuses the plan."""

    name: Refuser
    """What refuses it, in a word."""
    guard: Guard | None
    """The name that `--allow` takes; null where only the way in `hint` does."""
    message: str
    """What would happen, for people; the words may change at any time."""
    hint: str
    """What to do about it, for people."""
    path: str | None
    """The file it is about; null where it is about none."""
    line: int | None
    """The line in it; null where it is the whole file."""
    column: int | None
    """The column; null where it is the whole line."""


class PlanDocument(TypedDict):
    """What `plan --json` and `show --json` write: what would change, why, and in which steps."""

    format: Literal["agentgit/plan@1"]
    """The name and the version of this document."""
    project: ProjectDocument
    """The project."""
    environment: str
    """The environment."""
    commit: CommitDocument | None
    """The commit that is planned; null is the work tree."""
    branch: str | None
    """The branch that the environment follows; null where it follows none."""
    pin: PinDocument | None
    """The pin that holds the environment, or will; null where there is none."""
    pinning: bool
    """Whether carrying the plan out sets that pin."""
    endedPin: PinDocument | None
    """A pin that has ended, by a newer commit or by its time."""
    resumes: str | None
    """The interrupted rollout that this plan goes on with."""
    triedBefore: str | None
    """The rollout that tried the same and went back."""
    intentDigest: str
    """Names what is asked for; equal as long as the same is asked for."""
    observedDigest: str
    """Names what was seen: revision, image, state, limits, routes, drift; no clocks, no health."""
    empty: bool
    """Whether there is nothing to do."""
    hosts: list[str]
    """The hosts that were looked at."""
    changes: list[ChangeDocument]
    """Every instance, in order of name, also those that stay as they are."""
    texts: dict[str, str]
    """By name: texts of more than 200 characters, each once however many fields have it."""
    prepare: list[StepDocument]
    """What comes first: images, networks, volumes. It touches no running replica."""
    waves: list[WaveDocument]
    """The waves, in order."""
    cleanup: list[StepDocument]
    """What comes last: leftovers that nothing uses."""
    passed: list[PassedDocument]
    """Pauses of an interrupted rollout that are not repeated."""
    tolerated: dict[str, int]
    """By instance: how many may have failed while the rollout goes on; 0 where not named."""
    totals: TotalsDocument
    """The plan in numbers."""
    risk: RiskDocument
    """What it puts at risk."""
    rehearsal: RehearsalDocument | None
    """How it would go; null without `--rehearse`."""
    movedImages: list[MovedImageDocument]
    """Names of images that mean other images by now."""
    mixedImages: list[MixedImageDocument]
    """Names of images that do not mean the same one on all hosts."""
    unknownRoom: list[str]
    """Hosts that get replicas and do not tell how much room is left."""
    absentImages: list[AbsentImageDocument]
    """Images that have to be pulled first."""
    unverified: list[str]
    """Replicas of which it is not known whether somebody changed them by hand."""
    givenUp: list[str]
    """Hosts that are done without although what ran there may run on (`--allow lost-hosts`)."""
    protection: list[FieldDocument]
    """The limits in `protection` that this commit changes, against the one verified last."""
    settings: list[FieldDocument]
    """What else it changes of the environment itself: hosts, branch, kept revisions."""
    refusals: list[RefusalDocument]
    """What guards refuse, all of it; with any of them nothing is carried out (exit 7)."""


class DriftDocument(TypedDict):
    """What `drift --json` writes: what differs although no commit asked for it."""

    format: Literal["agentgit/drift@1"]
    """The name and the version of this document."""
    environment: str
    """The environment."""
    commit: CommitDocument | None
    """The commit that was verified last."""
    drifted: bool
    """Whether anything differs."""
    observedDigest: str
    """Names what was seen: revision, image, state, limits, routes, drift; no clocks, no health."""
    hosts: list[str]
    """The hosts that were looked at."""
    unverified: list[str]
    """Replicas of which it is not known whether somebody changed them by hand."""
    changes: list[ChangeDocument]
    """The changes that would set everything back."""

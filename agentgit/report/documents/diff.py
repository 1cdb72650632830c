"""The shapes of the documents of a comparison of two commits, and of lint."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from agentgit.model.change import ChangeClass
from agentgit.model.effect import EffectKind
from agentgit.report.documents.parts import (
    AlsoDocument,
    CommitDocument,
    LocationDocument,
    OriginDocument,
    ProblemDocument,
)
from agentgit.report.documents.plan import FieldDocument


class WayDocument(TypedDict):
    """One way in which a cause changes instances: the same values before and after."""

    instances: list[str]
    """The instances that it changes in this way."""
    fields: list[FieldDocument]
    """The values that differ."""


class EffectCauseDocument(TypedDict):
    """The place that decides new values, and whom it reaches."""

    symbol: str
    """`+` new, `~` changed, `-` removed, `±` another number of replicas."""
    kind: EffectKind
    """What it does to those whom it reaches."""
    places: list[OriginDocument]
    """The places; several that do the very same are one cause."""
    gone: bool
    """Whether the places are in the older commit, and nobody says any more what they said."""
    ways: list[WayDocument]
    """Whom it reaches, by the values that it changes."""


class InstanceEffectDocument(TypedDict):
    """What changes for one instance; the causes that name it say which values."""

    name: str
    """The instance."""
    kind: EffectKind
    """What happens to it."""
    agent: str
    """The agent that it is one of."""
    path: str
    """The file that declares it, or did so."""
    replicasBefore: int
    """How many replicas the older commit asks for."""
    replicasAfter: int
    """How many the newer one asks for."""
    replaces: bool
    """Whether its replicas must be new ones."""
    classes: list[ChangeClass]
    """What the changes are about."""


class EffectDocument(TypedDict):
    """What changes in one environment."""

    name: str
    """The environment."""
    kind: EffectKind
    """Whether it is new, gone, or another one."""
    empty: bool
    """Whether nothing changes."""
    total: int
    """How many instances both sides have together."""
    replicasBefore: int
    """How many replicas the older commit asks for."""
    replicasAfter: int
    """How many the newer one asks for."""
    causes: list[EffectCauseDocument]
    """The places that change something."""
    instances: list[InstanceEffectDocument]
    """The instances that change."""
    errorsBefore: list[ProblemDocument]
    """Why the older commit could not be compiled; then nothing else is known."""
    errorsAfter: list[ProblemDocument]
    """Why the newer one could not be compiled; then nothing else is known."""


class DiffDocument(TypedDict):
    """What `diff --json` writes: what lies between two commits."""

    format: Literal["agentgit/diff@1"]
    """The name and the version of this document."""
    before: CommitDocument | None
    """The older commit; null is the work tree."""
    after: CommitDocument | None
    """The newer commit; null is the work tree."""
    empty: bool
    """Whether nothing changes in any environment."""
    environments: list[EffectDocument]
    """The environments, in order of name."""


class FindingDocument(TypedDict):
    """One finding of lint."""

    rule: str
    """The rule that found it."""
    silenced: bool
    """Whether an annotation silences it."""
    reason: str | None
    """Why, by the words of that annotation; null where it is not silenced."""
    message: str
    """What was found, for people; its words may change at any time."""
    location: LocationDocument | None
    """Where it is; null where it is at no place in a file."""
    hint: str | None
    """What to do about it; null where there is nothing to say."""
    also: list[AlsoDocument]
    """Other places that take part."""


class LintDocument(TypedDict):
    """What `lint --json` writes."""

    format: Literal["agentgit/lint@1"]
    """The name and the version of this document."""
    findings: list[FindingDocument]
    """The findings, in the order of their rules."""

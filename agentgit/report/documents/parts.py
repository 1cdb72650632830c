"""What several public JSON documents have in common."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from agentgit.model.origin import LayerName
from agentgit.model.rollout import Outcome, RolloutKind


class CommitDocument(TypedDict):
    """A commit of the repository."""

    sha: str
    """The full id of the commit."""
    author: str
    """The name of its author."""
    email: str
    """The address of its author."""
    time: str | None
    """When it was written, ISO 8601 with its zone; null where that is not known."""
    subject: str
    """The first line of its message."""


class PinDocument(TypedDict):
    """An environment that is held at a commit on purpose."""

    commit: str
    """The full id of the commit that the environment is held at."""
    insteadOf: str
    """The commit that the environment would follow; a newer one ends the pin."""
    owner: str
    """Who has set it."""
    reason: str
    """Why, in the words of the owner."""
    since: str | None
    """When it was set, ISO 8601."""
    expires: str | None
    """When it ends by itself, ISO 8601; null: it does not."""


class OriginDocument(TypedDict):
    """The place in a file of the repository that says a value."""

    layer: LayerName
    """The layer that the file belongs to."""
    path: str
    """The file, from the root of the repository."""
    line: int
    """The line, from 1; 0 where the whole file is meant."""
    column: int
    """The column, from 1; 0 where the whole file is meant."""


class BlameDocument(TypedDict):
    """Who wrote a line last."""

    commit: CommitDocument | None
    """The commit that wrote it; null for a line that is not committed."""
    orEarlier: bool
    """Whether the clone is shallow and ends there: that commit, or one that is not here."""


class BlamedDocument(TypedDict, total=False):
    """What `--blame` adds."""

    blame: BlameDocument | None
    """Who wrote the line last; null where that is not known. Only with `--blame`."""


class LocationDocument(TypedDict):
    """A place in a file."""

    path: str
    """The file, from the root of the repository."""
    line: int
    """The line, from 1; 0 where the whole file is meant."""
    column: int
    """The column, from 1; 0 where the whole line is meant."""


class AlsoDocument(TypedDict):
    """Another place that takes part in a problem."""

    role: str
    """What it has to do with it, in a few words."""
    location: LocationDocument | None
    """Where it is."""


class ProblemDocument(TypedDict):
    """One error or warning."""

    message: str
    """What is wrong, for people; its words may change at any time."""
    location: LocationDocument | None
    """Where it is; null where it is at no place in a file."""
    hint: str | None
    """What to do about it; null where there is nothing to say."""
    also: list[AlsoDocument]
    """Other places that take part."""


class ProblemsDocument(TypedDict):
    """What `validate --json` writes, and every other command with `--json` that fails."""

    format: Literal["agentgit/problems@1"]
    """The name and the version of this document."""
    valid: bool
    """Whether there is no error."""
    errors: list[ProblemDocument]
    """What is wrong."""
    warnings: list[ProblemDocument]
    """What is probably not meant."""


class FailureDocument(TypedDict):
    """Why a rollout failed: an instance, a step, and the evidence."""

    instance: str
    """The instance; empty where the step is for the whole plan."""
    host: str
    """The host."""
    replica: str
    """The name of the replica, empty where it is about none."""
    revision: str
    """The revision of that replica."""
    step: str
    """The kind of the step that failed."""
    message: str
    """What happened, for people; its words may change at any time."""
    hint: str
    """What to do about it, empty where there is nothing to say."""
    fault: Literal["revision", "world"]
    """Whose fault it was: the revision's, or that of the engine, the registry, the disk."""
    log: list[str]
    """The last lines that the replica wrote."""


class RolloutRecordDocument(TypedDict):
    """A rollout as the history has it."""

    id: str
    """Its id; ids sort by time."""
    kind: RolloutKind
    """What was asked for."""
    commit: str
    """The full id of the commit that was carried out."""
    actor: str
    """Who did it."""
    tool: str
    """The version of agentgit that did it."""
    startedAt: str | None
    """When it began, ISO 8601."""
    finishedAt: str | None
    """When it ended, ISO 8601; null while it is at work, or was killed."""
    outcome: Outcome
    """How it ended."""
    instances: list[str]
    """The instances that it changed."""
    only: list[str]
    """The instances that it was limited to; empty: all."""
    reason: str
    """Why, where somebody has said so."""
    pin: PinDocument | None
    """The pin that it has set."""
    failure: FailureDocument | None
    """The first failure."""
    failures: list[FailureDocument]
    """All failures, one an instance."""
    resumes: str | None
    """The interrupted rollout that it went on with."""
    supersededBy: str | None
    """The commit that it made way for."""
    retry: bool
    """Whether it could try again what is in quarantine."""
    allow: list[str]
    """The guards that it was let pass."""
    savedPlan: str | None
    """The digest of the saved plan that it carried out."""
    fence: int
    """The number of its lease; a later rollout has a higher one."""
    backTo: list[str]
    """The commits that it went back to when it failed."""
    added: int
    """How many instances were added."""
    changed: int
    """How many instances were changed."""
    removed: int
    """How many instances were removed."""

"""The plan: changes and the waves that carry them out. Pure data, bound to a commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agentgit.model.change import Change, FieldChange
from agentgit.model.image import AbsentImage, MixedImage, MovedImage
from agentgit.model.progress import Passage
from agentgit.model.refusal import Refusal
from agentgit.model.risk import Risk
from agentgit.model.snapshot import Commit
from agentgit.model.steps import Hold, Step
from agentgit.model.value import Value


class Move(Value):
    """One slot's way from old to new.

    `prepare` can be taken back; `finish` cannot and runs only when all prepares of the wave
    succeeded; `undo` takes back replicas that never served, nothing else.
    """

    instance: str
    host: str
    slot: int
    cause: str
    prepare: tuple[Step, ...] = ()
    finish: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The way there, in order."""
        return (*self.prepare, *self.finish)


class Wave(Value):
    """Moves that run side by side. Waves run in order; `hold` comes after the moves."""

    title: str
    moves: tuple[Move, ...]
    hold: Hold | None = None


class Pin(Value):
    """An environment held at a commit on purpose.

    `instead_of` is the commit the environment would follow; a newer one ends the pin, and so
    does the moment `expires`.
    """

    commit: str
    instead_of: str
    owner: str
    reason: str
    since: datetime
    expires: datetime | None = None


class Plan(Value):
    """What to do to make observed what is desired.

    `prepare` is for the whole plan and touches no running replica; `cleanup` comes last.
    `pin` holds the environment at its commit; `ended_pin` did, until the commit of this plan.
    `tolerated` says how many instances may have failed while the rollout goes on, by instance that
    fails; 0 where it is not named. `resumes` is the interrupted rollout that this goes on with,
    `passages` the pauses that it had passed and that are not repeated.
    `absent_images` are those that have to be pulled, as far as hosts were asked.
    `unverified` are replicas of which nobody knows whether they were changed by hand.
    `given_up` are hosts that carried replicas and that nobody knows any more: what runs there may
    run on.
    `protection` are the limits of the environment that the commit changes, `settings` what else it
    changes of the environment itself and no change tells. `refusals` are what guards say: with any
    of them the plan is only to be looked at.
    `unknown_room` are hosts that get replicas and do not tell how much room is left.
    `intent_digest` covers what is asked for, `observed_digest` what was seen (no clocks).
    """

    project_id: str
    project: str
    environment: str
    commit: Commit | None
    branch: str | None = None
    pin: Pin | None = None
    ended_pin: Pin | None = None
    resumes: str = ""
    tolerated: Mapping[str, int] = {}
    passages: tuple[Passage, ...] = ()
    intent_digest: str
    observed_digest: str
    hosts: tuple[str, ...] = ()
    prepare: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    waves: tuple[Wave, ...] = ()
    cleanup: tuple[Step, ...] = ()
    replicas_before: int = 0
    replicas_healthy: int = 0
    replicas_after: int = 0
    peak: int = 0
    risk: Risk = Risk()
    moved_images: tuple[MovedImage, ...] = ()
    mixed_images: tuple[MixedImage, ...] = ()
    absent_images: tuple[AbsentImage, ...] = ()
    unverified: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    protection: tuple[FieldChange, ...] = ()
    settings: tuple[FieldChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unknown_room: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.waves or self.cleanup)

    @property
    def is_pending(self) -> bool:
        """Whether carrying it out changes anything, be it only what holds for the environment."""
        return bool(not self.is_empty or self.protection or self.settings or self.given_up)

    @property
    def moves(self) -> tuple[Move, ...]:
        """The moves of all waves, in order."""
        return tuple(move for wave in self.waves for move in wave.moves)

"""What the planner is asked, besides desired and observed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from agentgit.model.change import FieldChange
from agentgit.model.desired import Desired, Instance
from agentgit.model.guards import Guard
from agentgit.model.observed import Replica
from agentgit.model.origin import Chains, Origin
from agentgit.model.plan import Pin
from agentgit.model.progress import Passage, Quarantined
from agentgit.model.refusal import Refusal
from agentgit.model.spec import Protection
from agentgit.model.value import Path, Value
from agentgit.plan.origins import Nowhere, Places


class PlanRequest(Value):
    """`only` limits the plan to some instances (empty: all); `restart` replaces without a change.

    `destroy` allows an environment to become empty. `pin` and `ended_pin` are only carried along,
    to be shown. `given_up` are hosts that carried replicas, are lost, and are done without.
    `passages` are the pauses that an interrupted rollout had passed, `quarantined` what failed
    and is not tried again, unless `retry`; `again` is the command that asks for this plan, for the
    hint, and `going_back` says that it is a rollback. `allow` names the guards that are let pass.
    `images` are the recorded images, by revision and host. `protected` are the limits of the
    commit that was verified last, in force beside those of this one, `own` is how the environment
    itself differs. `orphans` are
    environments that this commit does not have any more and nobody has destroyed, where this one
    has never been rolled out. `refused` is what was refused before anything was planned.
    """

    only: frozenset[str] = frozenset()
    restart: frozenset[str] = frozenset()
    destroy: bool = False
    pin: Pin | None = None
    ended_pin: Pin | None = None
    given_up: tuple[str, ...] = ()
    passages: frozenset[Passage] = frozenset()
    quarantined: tuple[Quarantined, ...] = ()
    retry: bool = False
    again: str = ""
    going_back: bool = False
    allow: frozenset[Guard] = frozenset()
    resumes: str = ""
    images: Mapping[str, Mapping[str, str]] = {}
    protected: Protection | None = None
    own: tuple[FieldChange, ...] = ()
    orphans: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def covers(self, instance: str) -> bool:
        """Whether the plan may touch this instance."""
        return not self.only or instance in self.only


class Evidence(Protocol):
    """What explains a change; asked only for what is shown, so that a plan stays cheap."""

    def chains(self, instance: str) -> Chains:
        """Where every value of a desired instance comes from."""

    def before(self, replica: Replica) -> Instance | None:
        """The instance as it was at the commit that created a replica, if that can be known."""

    def applied(self, instance: str) -> Instance | None:
        """The instance as it was last applied, if that can be known."""

    def places(self, instance: Instance) -> Places:
        """Where the values of a desired instance, or of one of the past, are said."""

    def around(self, instance: Instance) -> Desired | None:
        """The environment that an instance is, or was, part of, if that can be known."""

    def environment_place(self, path: Path) -> Origin | None:
        """Where one of the environment's own values is said, or what is nearest around it."""


class NoEvidence:
    """Explains nothing: for tests and for plans that nobody reads."""

    def chains(self, instance: str) -> Chains:  # noqa: ARG002 - the Protocol's signature
        """No origins."""
        return {}

    def before(self, replica: Replica) -> Instance | None:  # noqa: ARG002 - the same
        """Nothing is known of the past."""
        return None

    def applied(self, instance: str) -> Instance | None:  # noqa: ARG002 - the same
        """Nor of what was applied."""
        return None

    def places(self, instance: Instance) -> Places:  # noqa: ARG002 - the same
        """No places."""
        return Nowhere()

    def around(self, instance: Instance) -> Desired | None:  # noqa: ARG002 - the same
        """Nor what was around it."""
        return None

    def environment_place(self, path: Path) -> Origin | None:  # noqa: ARG002 - the same
        """No place either."""
        return None

"""What a commit changes against another one, without looking at what runs."""

from __future__ import annotations

from typing import Literal

from agentgit.errors import Problem
from agentgit.model.change import FieldChange
from agentgit.model.origin import Origin
from agentgit.model.snapshot import Commit
from agentgit.model.value import Value

EffectKind = Literal["change", "create", "remove"]


class InstanceEffect(Value):
    """What changes for one instance. `replaces` says whether its replicas must be new ones."""

    kind: EffectKind
    instance: str
    agent: str
    path: str
    replicas_before: int = 0
    replicas_after: int = 0
    replaces: bool = False
    fields: tuple[FieldChange, ...] = ()


class Way(Value):
    """One way in which a cause changes instances: the same values before and after."""

    fields: tuple[FieldChange, ...] = ()
    instances: tuple[str, ...] = ()


class EffectCause(Value):
    """The place that decides new values, and whom it reaches.

    Several places that do the very same are one cause. `gone` says that the places are those of
    the older commit: what stood there is no longer said by anybody.
    """

    kind: EffectKind = "change"
    places: tuple[Origin, ...] = ()
    gone: bool = False
    ways: tuple[Way, ...] = ()

    @property
    def instances(self) -> tuple[str, ...]:
        """Everybody it reaches, in order of name; none for what is the environment's own."""
        return tuple(sorted({name for way in self.ways for name in way.instances}))


class Effect(Value):
    """What changes in one environment.

    `total` counts the instances of both sides together, `instances` has those that change.
    Where a side cannot be compiled its problems are here, and nothing else is known.
    """

    environment: str
    kind: EffectKind = "change"
    total: int = 0
    replicas_before: int = 0
    replicas_after: int = 0
    instances: tuple[InstanceEffect, ...] = ()
    causes: tuple[EffectCause, ...] = ()
    problems_before: tuple[Problem, ...] = ()
    problems_after: tuple[Problem, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether both sides could be compiled."""
        return not (self.problems_before or self.problems_after)

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return self.is_known and not self.causes and self.kind == "change"


class Comparison(Value):
    """Two commits, and what lies between them; a commit that is None is the work tree."""

    before: Commit | None
    after: Commit | None
    effects: tuple[Effect, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes anywhere."""
        return all(effect.is_empty for effect in self.effects)

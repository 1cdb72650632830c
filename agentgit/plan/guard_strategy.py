"""Finds instances that cannot go the way they ask for: with such a volume, so few replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from agentgit.model.desired import Instance
from agentgit.model.refusal import Refusal
from agentgit.model.value import Path
from agentgit.plan.draft import Draft
from agentgit.plan.pointing import point_into
from agentgit.plan.refusal import list_first
from agentgit.plan.strategies.canary import count_canaries


class _Found(NamedTuple):
    """What cannot be, the value that asks for it, and what can be."""

    message: str
    path: Path
    way: str


def refuse_strategies(draft: Draft) -> Iterator[Refusal]:
    """Refuse what nothing lets pass: the instances would not get what they ask for."""
    yield from _refuse("exclusive-volume", _find_exclusive, draft)
    yield from _refuse("canary-share", _find_share, draft)


def _refuse(
    name: Literal["exclusive-volume", "canary-share"],
    find: Callable[[Instance], _Found | None],
    draft: Draft,
) -> Iterator[Refusal]:
    covered = (one for one in draft.desired.instances if draft.request.covers(one.name))
    some = [(one, found) for one in covered if (found := find(one))]
    if not some:
        return
    first, found = some[0]
    place = point_into(first, found.path, draft.evidence)
    yield Refusal(
        name=name,
        message=list_first([one.message for _, one in some]),
        hint=found.way,
        path=place.path,
        line=place.line,
        column=place.column,
    )


def _find_exclusive(instance: Instance) -> _Found | None:
    """Find what an exclusive volume makes impossible."""
    container = instance.spec.container
    volumes = container.volumes if container else {}
    path = next((path for path, one in volumes.items() if one.access == "exclusive"), None)
    if path is None:
        return None
    if instance.spec.scale.replicas > 1:
        return _Found(
            f"{instance.name} asks for {instance.spec.scale.replicas} replicas, and the volume at "
            f"{path} is exclusive",
            ("scale", "replicas"),
            "use access: perSlot or shared, or one replica",
        )
    if instance.rollout.strategy == "canary":
        return _Found(
            f"{instance.name} cannot be a canary: the volume at {path} is exclusive, so old and "
            "new never run at the same time",
            ("rollout",),
            "use strategy rolling or recreate, or access: perSlot",
        )
    return None


def _find_share(instance: Instance) -> _Found | None:
    """Find a canary whose shares the number of replicas cannot make, before it is needed."""
    replicas = instance.spec.scale.replicas
    weights = [step.set_weight for step in instance.rollout.steps if step.set_weight is not None]
    for weight in weights if replicas else ():
        if count_canaries(weight, replicas) is None:
            noun = "1 replica" if replicas == 1 else f"{replicas} replicas"
            shares = ", ".join(f"{round(100 * k / replicas)}" for k in range(1, replicas + 1))
            return _Found(
                f"{instance.name} cannot be a canary of {weight} % with {noun}",
                ("rollout", "steps"),
                f"possible shares are {shares} %; change setWeight, or scale.replicas",
            )
    return None

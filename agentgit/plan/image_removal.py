"""Which images go after a rollout: those that we brought and no kept revision needs. Pure.

An environment keeps the images of the newest `keepRevisions` revisions of each instance on every
host, so that going back to one of them needs no registry. The newest is the last good one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agentgit.model.desired import Desired
from agentgit.model.image import BroughtImage, KeptImage, Stock
from agentgit.model.observed import HostState, Observed
from agentgit.model.plan import Plan
from agentgit.model.steps import CreateReplica, RemoveImage, RemoveReplica, Step
from agentgit.plan.placement import revision_on
from agentgit.plan.request import PlanRequest

_NOTHING = KeptImage(revision="", id="", name="")
Kept = Mapping[str, tuple[KeptImage, ...]]  # by instance, newest first


def plan_image_removal(
    plan: Plan,
    desired: Desired,
    observed: Observed,
    request: PlanRequest,
    stocks: Mapping[str, Stock],
) -> tuple[RemoveImage, ...]:
    """Say what may go once the plan has succeeded.

    Nothing where an environment is held at a commit: what it came from stays until it goes on.
    Nothing where it is not noted what the environment keeps: it cannot be known then.
    """
    if request.only or (request.pin is not None and not request.destroy):
        return ()
    keep = 0 if request.destroy else desired.keep_revisions
    steps: list[RemoveImage] = []
    for state in observed.hosts:
        stock = stocks.get(state.host)
        if stock is None or stock.kept is None:
            continue
        doing = [step for move in plan.moves for step in move.steps if step.host == state.host]
        declared = {one.name for one in desired.instances}
        after = keep_newest(stock.kept, _runs_after(desired, state, doing), declared, keep)
        needed = [one for kept in after.values() for one in kept]
        gone = {step.name for step in doing if isinstance(step, RemoveReplica)}
        steps += [
            RemoveImage(
                host=state.host, environment=plan.environment, id=image.id, name=image.name
            )
            for image in stock.brought
            if image.name
            and not image.wanted
            and gone.issuperset(image.containers)
            and not any(_is_meant(one, image) for one in needed)
        ]
    return tuple(steps)


def keep_newest(kept: Kept, runs: Kept, declared: Collection[str], keep: int) -> Kept:
    """Put what runs in front of what was kept, `keep` revisions an instance.

    That nobody declares an instance any more counts as a revision of it with every rollout:
    somebody may want it back soon.
    """
    after: dict[str, tuple[KeptImage, ...]] = {}
    for name in sorted(kept.keys() | runs.keys()):
        fresh = runs.get(name, ())
        revisions = {one.revision for one in fresh}
        older = tuple(one for one in kept.get(name, ()) if one.revision not in revisions)
        if name not in declared:
            older = (_NOTHING, *kept[name])
        after[name] = (*fresh, *older)[: max(keep, len(fresh))]
    return {name: images for name, images in after.items() if {*images} - {_NOTHING}}


def _runs_after(desired: Desired, state: HostState, doing: list[Step]) -> Kept:
    """Say which image each declared instance will have there, as far as that is known now."""
    wanted = {one.name: revision_on(one, state) for one in desired.instances}
    found: dict[str, dict[str, KeptImage]] = {}
    for replica in state.replicas:
        if replica.revision == wanted.get(replica.instance):
            image = KeptImage(revision=replica.revision, id=replica.image_id, name=replica.image)
            found.setdefault(replica.instance, {})[image.revision] = image
    for step in doing:
        spec = step.replica if isinstance(step, CreateReplica) else None
        if spec is not None and spec.container is not None:
            image = KeptImage(revision=spec.revision, id=spec.image_id, name=spec.container.image)
            found.setdefault(spec.instance, {}).setdefault(spec.revision, image)
    return {name: tuple(images.values()) for name, images in found.items()}


def _is_meant(kept: KeptImage, image: BroughtImage) -> bool:
    """Whether a kept revision needs the image: by id, or by its name where no id is known."""
    if kept.id:
        return kept.id == image.id
    return image.named and kept.name == image.name

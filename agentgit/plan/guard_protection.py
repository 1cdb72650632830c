"""Finds what looks like an accident: too much at once, nothing left, nobody to serve.

Each guard has a name, by which somebody who means it lets it pass: `--allow NAME`.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.model.desired import Instance
from agentgit.model.refusal import Refusal
from agentgit.plan.draft import Draft
from agentgit.plan.guard_available import refuse_unavailable
from agentgit.plan.guard_renames import refuse_renames, refuse_second_fleet
from agentgit.plan.guard_volumes import refuse_lost_volumes
from agentgit.plan.limits import Limit, strictest_most, wants, word_way
from agentgit.plan.pointing import point_at_environment, point_at_limit, point_into
from agentgit.plan.refusal import refuse
from agentgit.plan.strategies.batch import count_share
from agentgit.plan.strategies.canary import count_canaries


def find_refusals(draft: Draft) -> tuple[Refusal, ...]:
    """Find all that guards say against a plan, in one order."""
    if draft.request.destroy:
        return ()
    guards = (
        _refuse_emptied,
        _refuse_replaced,
        _refuse_removed,
        refuse_second_fleet,
        refuse_renames,
        refuse_lost_volumes,
        refuse_unavailable,
        _refuse_images,
    )
    found = (refusal for guard in guards for refusal in guard(draft))
    return tuple(one for one in found if one.guard is None or not draft.allows(one.guard))


def _refuse_emptied(draft: Draft) -> Iterator[Refusal]:
    """Refuse a plan after which nothing runs any more, whichever way it is asked for."""
    replicas, name = draft.observed.replicas, draft.desired.environment
    spared = any(not draft.request.covers(one.instance) for one in replicas)
    if not replicas or spared or any(one.replicas for one in draft.changes):
        return
    run = "1 replica runs" if len(replicas) == 1 else f"{len(replicas)} replicas run"
    asked = any(one.kind != "remove" for one in draft.changes)
    why = "every instance asks for 0 replicas" if asked else "no instance is declared"
    yield refuse(
        "emptied",
        [f"{name} would become empty: {run} and {why}"],
        f"to remove all of it: agentgit destroy -e {name}",
        point_at_environment(name) if asked else None,
    )


def _refuse_replaced(draft: Draft) -> Iterator[Refusal]:
    total = len(draft.observed.replicas)
    limit = strictest_most(draft, "max_replaced", total)
    bold = _find_bold(draft)
    count = max((sum(move.instance in bold for move in wave.moves) for wave in draft.waves),
                default=0)  # fmt: skip
    if count <= limit.most:
        return
    some = [one for one in (draft.desired.instance(name) for name in bold) if one]
    way = _word_part(draft)
    if not draft.request.going_back and all(one.spec.scale.replicas > 1 for one in some):
        way = "a canary with a pause after a small first step looks before the rest"
    yield _refuse_share("replaced", count, draft, limit, way)


def _refuse_removed(draft: Draft) -> Iterator[Refusal]:
    total = len(draft.observed.replicas)
    limit = strictest_most(draft, "max_removed", total)
    count = sum(
        max(0, len(_slots(draft, one.instance)) - (0 if one.kind == "remove" else one.replicas))
        for one in draft.changes
        if one.kind != "keep"
    )
    if count > limit.most:
        yield _refuse_share("removed", count, draft, limit, _word_part(draft))


def _refuse_share(word: str, count: int, draft: Draft, limit: Limit, way: str) -> Refusal:
    field = "maxReplaced" if word == "replaced" else "maxRemoved"
    total = len(draft.observed.replicas)
    most = f" ({limit.most} of them)" if isinstance(limit.share, str) else ""
    message = (
        f"{count} of {total} replicas of {draft.desired.environment} would be {word} at once, "
        f"and {limit.describe(field)}{most}"
    )
    return refuse(
        "replaced" if word == "replaced" else "removed",
        [message],
        word_way(draft, way, found=limit.found),
        point_at_limit(draft.desired, field, draft.evidence),
    )  # fmt: skip


def _word_part(draft: Draft) -> str:
    """Say how to do a part of it; a rollback is one of everything."""
    if draft.request.restart:
        return "restart fewer instances at a time"
    commit = draft.desired.commit
    at = f" --revision {commit.short}" if draft.request.going_back and commit else ""
    return f"a part of it: agentgit apply -e {draft.desired.environment}{at} --only INSTANCE"


def _find_bold(draft: Draft) -> set[str]:
    """Find the instances that are replaced without a look at a small part of them before."""
    replaced = (one.instance for one in draft.changes if one.kind == "replace")
    found = (draft.desired.instance(name) for name in replaced)
    return {one.name for one in found if one and not _looks_first(one, draft)}


def _looks_first(instance: Instance, draft: Draft) -> bool:
    """Whether a canary pauses first, at a share within the limit or at a single replica."""
    weight, replicas = 0, instance.spec.scale.replicas
    for step in instance.rollout.steps:
        if step.pause is not None and step.pause.duration:
            first = count_canaries(weight, replicas) or replicas
            share = strictest_most(draft, "max_replaced", replicas).share
            most = 1 if isinstance(share, int) else count_share(share, replicas, up=True)
            return first < replicas and first <= max(1, most)
        weight = step.set_weight or weight
    return False


def _slots(draft: Draft, instance: str) -> set[int]:
    return {one.slot for one in draft.observed.replicas_of(instance)}


def _refuse_images(draft: Draft) -> Iterator[Refusal]:
    """Refuse an image that may be another one tomorrow, where the environment wants none.

    What runs as processes alone needs none.
    """
    if not wants(draft, "pinned_images") or draft.allows("mutable-images"):
        return
    processes = {state.host for state in draft.observed.hosts if state.engine == "process"}
    named: dict[str, list[Instance]] = {}
    for change in draft.changes:
        instance = draft.desired.instance(change.instance)
        container = instance.spec.container if instance else None
        if instance is None or container is None or change.kind not in {"create", "replace"}:
            continue
        hosts = set(draft.placed.get(change.instance, {}).values())
        if "@sha256:" not in container.image and not hosts <= processes:
            named.setdefault(container.image, []).append(instance)
    limit = point_at_limit(draft.desired, "pinnedImages", draft.evidence)
    messages = [
        f"{image} of {_name_some(some)} is a name that may mean another image tomorrow, and "
        f"{draft.desired.environment} wants pinnedImages ({limit})"
        for image, some in sorted(named.items())
    ]
    if messages:
        first = named[min(named)][0]
        way = "agentgit lock writes down the digest behind it"
        found = not draft.desired.protection.pinned_images
        yield refuse(
            "mutable-images", messages, word_way(draft, way, found=found),
            point_into(first, ("container", "image"), draft.evidence),
        )  # fmt: skip


def _name_some(instances: list[Instance]) -> str:
    more = len(instances) - 1
    return f"{instances[0].name}{f' and {more} more' if more else ''}"

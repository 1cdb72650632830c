"""Finds what looks like an accident: too much at once, nothing left, nobody to serve.

Each guard has a name, by which somebody who means it lets it pass: `--allow NAME`.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.errors import Location
from agentgit.model.desired import Desired, Instance
from agentgit.model.refusal import Refusal
from agentgit.plan.availability import count_least
from agentgit.plan.draft import Draft
from agentgit.plan.fields import find_chain
from agentgit.plan.guard_renames import refuse_renames, refuse_second_fleet
from agentgit.plan.guard_volumes import refuse_lost_volumes
from agentgit.plan.limits import Limit, strictest_least, strictest_most, wants, word_way
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
        _refuse_unavailable,
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
        _environment_file(draft.desired) if asked else None,
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
    way = f"a part of it: agentgit apply -e {draft.desired.environment} --only INSTANCE"
    if all(one.spec.scale.replicas > 1 for one in some):
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
        way = f"a part of it: agentgit apply -e {draft.desired.environment} --only INSTANCE"
        yield _refuse_share("removed", count, draft, limit, way)


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
        _environment_file(draft.desired),
    )  # fmt: skip


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


def _refuse_unavailable(draft: Draft) -> Iterator[Refusal]:
    """Refuse a plan in or after which fewer replicas serve than the environment promises.

    What serves too little already must not become less. A share is one of the larger number of
    replicas, before or after: who scales down has to say that it is meant.
    """
    least = count_least(draft.observed, draft.waves)
    messages, found = [], False
    for change in draft.changes:
        instance = draft.desired.instance(change.instance)
        if instance is None or change.kind == "keep" or change.instance not in least:
            continue
        serving = draft.serving(change.instance)
        replicas = max(instance.spec.scale.replicas, len(_slots(draft, change.instance)))
        limit = strictest_least(draft, "min_available", replicas)
        if limit is None or least[change.instance] >= min(limit.most, serving):
            continue
        found |= limit.found
        fewer = change.replicas < serving and least[change.instance] == change.replicas
        when = "from then on" if fewer else "meanwhile"
        why = f": {change.order_reason}" if change.order_reason else ""
        messages.append(
            f"only {least[change.instance]} of {replicas} replicas of {change.instance} would "
            f"serve {when}, and {limit.describe('minAvailable')}{why}"
        )
    if messages:
        way = "let new replicas start first, or change fewer at a time"
        yield refuse(
            "unavailable", messages, word_way(draft, way, found=found),
            _environment_file(draft.desired),
        )  # fmt: skip


def _refuse_images(draft: Draft) -> Iterator[Refusal]:
    """Refuse an image that may be another one tomorrow, where the environment wants none."""
    if not wants(draft, "pinned_images") or draft.allows("mutable-images"):
        return
    named: dict[str, list[Instance]] = {}
    for change in draft.changes:
        instance = draft.desired.instance(change.instance)
        container = instance.spec.container if instance else None
        if instance is None or container is None or change.kind not in {"create", "replace"}:
            continue
        if "@sha256:" not in container.image:
            named.setdefault(container.image, []).append(instance)
    messages = [
        f"{image} of {_name_some(some)} is a name that may mean another image tomorrow, and "
        f"{draft.desired.environment} wants pinnedImages"
        for image, some in sorted(named.items())
    ]
    if messages:
        first = named[min(named)][0]
        way = "agentgit lock writes down the digest behind it"
        found = not draft.desired.protection.pinned_images
        yield refuse(
            "mutable-images", messages, word_way(draft, way, found=found),
            _locate_image(first, draft),
        )  # fmt: skip


def _name_some(instances: list[Instance]) -> str:
    more = len(instances) - 1
    return f"{instances[0].name}{f' and {more} more' if more else ''}"


def _locate_image(instance: Instance, draft: Draft) -> Location:
    chain = find_chain(draft.evidence.chains(instance.name), ("container", "image"))
    origin = chain[0].origin if chain else None
    if origin is None:
        return Location(instance.path)
    return Location(origin.path, origin.line, origin.column)


def _environment_file(desired: Desired) -> Location:
    return Location(f"environments/{desired.environment}/environment.yaml")

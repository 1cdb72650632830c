"""Finds instances of which too few replicas would serve: meanwhile, or from then on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agentgit.model.change import Change
from agentgit.model.desired import Instance
from agentgit.model.refusal import Refusal
from agentgit.plan.draft import Draft
from agentgit.plan.limits import Limit, strictest_least, word_way
from agentgit.plan.pointing import point_at_limit, point_into
from agentgit.plan.refusal import refuse


class _Short(NamedTuple):
    """An instance of which at the worst moment `least` of `replicas` serve, and the limit."""

    instance: Instance
    change: Change
    least: int
    replicas: int
    limit: Limit


def refuse_unavailable(draft: Draft) -> Iterator[Refusal]:
    """Refuse a plan in or after which fewer replicas serve than the environment promises.

    What serves too little already must not become less. A share is one of the larger number of
    replicas, before or after: who scales down has to say that it is meant.
    """
    fewer: list[_Short] = []
    meanwhile: list[_Short] = []
    for short in _find_short(draft):
        change, serving = short.change, draft.serving(short.change.instance)
        asks_less = change.replicas < serving and short.least == change.replicas
        (fewer if asks_less else meanwhile).append(short)
    if meanwhile:
        whys = [
            f": {one.change.order_reason}" if one.change.order_reason else "" for one in meanwhile
        ]
        yield _refuse(draft, meanwhile, "meanwhile", whys, _word_order(draft))
    if fewer:
        places = [point_into(one.instance, ("scale", "replicas"), draft.evidence) for one in fewer]
        whys = [f": scale.replicas is {one.change.replicas} ({place})"
                for one, place in zip(fewer, places, strict=True)]  # fmt: skip
        most = {one.limit.most for one in fewer}
        asked = f"at least {_count(most.pop())}" if len(most) == 1 else "as many as must serve"
        way = f"ask for {asked}, or lower minAvailable first"
        yield _refuse(draft, fewer, "from then on", whys, way)


def _find_short(draft: Draft) -> Iterator[_Short]:
    least = draft.least
    for change in draft.changes:
        instance = draft.desired.instance(change.instance)
        if instance is None or change.kind == "keep" or change.instance not in least:
            continue
        slots = {one.slot for one in draft.observed.replicas_of(change.instance)}
        replicas = max(instance.spec.scale.replicas, len(slots))
        limit = strictest_least(draft, "min_available", replicas)
        serving = draft.serving(change.instance)
        if limit is not None and least[change.instance] < min(limit.most, serving):
            yield _Short(instance, change, least[change.instance], replicas, limit)


def _refuse(draft: Draft, some: list[_Short], when: str, whys: list[str], way: str) -> Refusal:
    messages = [
        f"only {one.least} of {_count(one.replicas)} of {one.instance.name} would serve {when}, "
        f"and {one.limit.describe('minAvailable')}{why}"
        for one, why in zip(some, whys, strict=True)
    ]
    found = any(one.limit.found for one in some)
    return refuse(
        "unavailable", messages, word_way(draft, way, found=found),
        point_at_limit(draft.desired, "minAvailable", draft.evidence),
    )  # fmt: skip


def _word_order(draft: Draft) -> str:
    """Say what leaves more of them serving; a restart and a way back follow older policies."""
    way = "let new replicas start first, or change fewer at a time"
    if draft.request.restart:
        return f"apply a commit first: {way}"
    commit = draft.desired.commit
    if draft.request.going_back and commit:
        return f"the rollout policy of {commit.short} counts on the way back to it"
    return way


def _count(replicas: int) -> str:
    return "1 replica" if replicas == 1 else f"{replicas} replicas"

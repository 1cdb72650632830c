"""Refuses to bring in what failed before: an instance does not change to what is in quarantine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.model.desired import Instance
from agentgit.model.observed import Observed
from agentgit.model.progress import Quarantined
from agentgit.model.refusal import Refusal
from agentgit.plan.compare import SlotChange
from agentgit.plan.placement import revision_on
from agentgit.plan.request import PlanRequest

_SHOWN = 5
_WIDTH = 160


def find_refused(
    instance: Instance, slots: Sequence[SlotChange], observed: Observed, request: PlanRequest
) -> Quarantined | None:
    """Find out whether an instance would get a replica of a revision in quarantine.

    Where it runs in that revision already and serves, repairing or adding a replica is no change
    to it.
    """
    bad = {one.revision: one for one in request.quarantined if one.instance == instance.name}
    if not bad or request.retry or _runs(instance, observed):
        return None
    hosts = {state.host: state for state in observed.hosts}
    for change in slots:
        revision = revision_on(instance, hosts[change.host])
        if change.action in {"create", "replace", "start"} and revision in bad:
            return bad[revision]
    return None


def refuse_quarantined(
    refused: Sequence[Quarantined], request: PlanRequest, environment: str
) -> Iterator[Refusal]:
    """Say what failed, where, and how to go on, if anything did."""
    if not refused:
        return
    first = refused[0]
    if len(refused) == 1:
        title = f"{first.instance} would change to {first.revision[:8]}, which is in quarantine"
    else:
        title = f"{len(refused)} instances would change to revisions that are in quarantine"
    lines = [_describe(one, alone=len(refused) == 1) for one in refused[:_SHOWN]]
    if len(refused) > _SHOWN:
        lines.append(f"and {len(refused) - _SHOWN} more")
    way = (
        f"go back to another commit, with --to: agentgit history -e {environment} lists them"
        if request.going_back
        else f"fix it and commit; --only leaves it out; to try the same again on purpose: "
        f"{request.again or f'agentgit apply -e {environment}'} --retry --reason TEXT"
    )
    yield Refusal(name="quarantine", message="\n".join([title, *lines]), hint=way)


def _runs(instance: Instance, observed: Observed) -> bool:
    wanted = {instance.revision, instance.process_revision}
    mine = [one for one in observed.replicas_of(instance.name) if one.serving]
    return bool(mine) and {one.revision for one in mine} <= wanted


def _describe(one: Quarantined, *, alone: bool) -> str:
    who = "" if alone else f"{one.instance} {one.revision[:8]}: "
    said = one.message.partition("\n")[0]
    said = f"{said[: _WIDTH - 1]}…" if len(said) > _WIDTH else said
    return f"{who}failed in rollout {one.rollout}, {one.step}: {said}".rstrip(": ")

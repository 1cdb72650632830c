"""Refuses what looks like an accident: too much at once, data left behind, nobody to serve.

Each guard has a name, by which somebody who means it lets it pass: `--allow NAME`.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentgit.errors import GuardError, Location
from agentgit.model.change import Change
from agentgit.model.desired import Desired, Instance
from agentgit.model.guards import Guard
from agentgit.model.observed import Observed
from agentgit.model.plan import Wave
from agentgit.plan.availability import count_least
from agentgit.plan.fields import find_chain
from agentgit.plan.request import Evidence, PlanRequest
from agentgit.plan.strategies.batch import count_share

FEW = 10  # replicas that may always be replaced or removed


def check_protection(
    desired: Desired,
    observed: Observed,
    changes: Sequence[Change],
    waves: Sequence[Wave],
    request: PlanRequest,
    evidence: Evidence,
) -> None:
    """Refuse what the limits of the environment do not allow. Raises GuardError."""
    if request.destroy:
        return
    _check_share("replaced", _count_replaced(changes, waves), desired, observed, request)
    _check_share("removed", _count_removed(changes, observed), desired, observed, request)
    _check_renames(desired, observed, changes, request)
    _check_left_behind(desired, observed, changes, request)
    _check_available(desired, observed, changes, waves, request)
    _check_images(desired, changes, request, evidence)


def _check_share(
    guard: Guard, count: int, desired: Desired, observed: Observed, request: PlanRequest
) -> None:
    total = len(observed.replicas)
    limits = desired.protection
    share = limits.max_replaced if guard == "replaced" else limits.max_removed
    allowed = max(FEW, count_share(share, total, up=True))
    if count <= allowed or guard in request.allow:
        return
    field = "maxReplaced" if guard == "replaced" else "maxRemoved"
    raise GuardError(
        f"{count} of {total} replicas of {desired.environment} would be {guard} at once, and "
        f"{field} is {share}",
        _environment_file(desired),
        f"a canary does it step by step; if it is meant: --allow {guard}",
    )


def _count_replaced(changes: Sequence[Change], waves: Sequence[Wave]) -> int:
    """Count the replicas that the widest wave replaces side by side, canaries aside."""
    bold = {one.instance for one in changes if one.kind == "replace" and one.strategy != "canary"}
    return max((sum(move.instance in bold for move in wave.moves) for wave in waves), default=0)


def _count_removed(changes: Sequence[Change], observed: Observed) -> int:
    """Count the slots that are served now and would not be any more."""
    return sum(
        max(0, len(_slots(observed, one.instance)) - (0 if one.kind == "remove" else one.replicas))
        for one in changes
        if one.kind != "keep"
    )


def _slots(observed: Observed, instance: str) -> set[int]:
    return {one.slot for one in observed.replicas_of(instance)}


def _check_renames(
    desired: Desired, observed: Observed, changes: Sequence[Change], request: PlanRequest
) -> None:
    """Refuse what is probably the same instance under another name."""
    if "renames" in request.allow:
        return
    created: dict[str, str] = {}
    for change in (one for one in changes if one.kind == "create"):
        instance = desired.instance(change.instance)
        for revision in (instance.revision, instance.process_revision) if instance else ():
            created.setdefault(revision, change.instance)
    for gone in (one for one in changes if one.kind == "remove"):
        held = {one.revision for one in observed.replicas_of(gone.instance)}
        for name in sorted(created[one] for one in held & created.keys()):
            instance = desired.instance(name)
            if instance:
                raise GuardError(
                    f"{gone.instance} would be removed and {name}, the same under another name, "
                    "created: volumes and history stay with the old name",
                    Location(instance.path),
                    f"keep the name {gone.instance}, or create {name} first and remove "
                    f"{gone.instance} with a later commit; if it is meant: --allow renames",
                )


def _check_left_behind(
    desired: Desired, observed: Observed, changes: Sequence[Change], request: PlanRequest
) -> None:
    """Refuse to move an instance away from the host that its volumes are on."""
    if "volumes" in request.allow:
        return
    for change in changes:
        instance = desired.instance(change.instance)
        container = instance.spec.container if instance else None
        moved = any(cause.kind == "moved" for cause in change.causes)
        if instance and container and container.volumes and moved:
            hosts = {one.host for one in observed.replicas_of(instance.name)}
            raise GuardError(
                f"{instance.name} would move to another host and leave its volumes on "
                f"{', '.join(sorted(hosts))}",
                Location(instance.path),
                "copy the data first, or place it on that host; if it is meant: --allow volumes",
            )


def _check_available(
    desired: Desired,
    observed: Observed,
    changes: Sequence[Change],
    waves: Sequence[Wave],
    request: PlanRequest,
) -> None:
    """Refuse a plan during which fewer replicas serve than the environment promises."""
    share = desired.protection.min_available
    if share is None or "unavailable" in request.allow:
        return
    least = count_least(observed, waves)
    for change in changes:
        instance = desired.instance(change.instance)
        if instance is None or change.kind == "keep" or change.instance not in least:
            continue
        replicas = instance.spec.scale.replicas
        wanted = min(count_share(share, replicas, up=True), replicas)
        if least[change.instance] < wanted <= _serving(observed, change.instance):
            why = f": {change.order_reason}" if change.order_reason else ""
            raise GuardError(
                f"only {least[change.instance]} of {replicas} replicas of {change.instance} would "
                f"serve meanwhile, and minAvailable is {share}{why}",
                _environment_file(desired),
                "let new replicas start first, or replace fewer at a time; if it is meant: "
                "--allow unavailable",
            )


def _serving(observed: Observed, instance: str) -> int:
    return sum(one.serving for one in observed.replicas_of(instance))


def _check_images(
    desired: Desired, changes: Sequence[Change], request: PlanRequest, evidence: Evidence
) -> None:
    """Refuse an image that may be another one tomorrow, where the environment wants none."""
    if not desired.protection.pinned_images or "mutable-images" in request.allow:
        return
    for change in changes:
        instance = desired.instance(change.instance)
        container = instance.spec.container if instance else None
        if instance is None or container is None or change.kind not in {"create", "replace"}:
            continue
        if "@sha256:" not in container.image:
            raise GuardError(
                f"{container.image} of {instance.name} is a name that may mean another image "
                f"tomorrow, and {desired.environment} wants pinnedImages",
                _locate_image(instance, evidence),
                "agentgit lock writes down the digest behind it; if it is meant: "
                "--allow mutable-images",
            )


def _locate_image(instance: Instance, evidence: Evidence) -> Location:
    chain = find_chain(evidence.chains(instance.name), ("container", "image"))
    origin = chain[0].origin if chain else None
    if origin is None:
        return Location(instance.path)
    return Location(origin.path, origin.line, origin.column)


def _environment_file(desired: Desired) -> Location:
    return Location(f"environments/{desired.environment}/environment.yaml")

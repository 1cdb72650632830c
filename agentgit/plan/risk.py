"""How much a plan risks: what it is about, how far it reaches, and where nobody serves.

High is what users notice at once (a gap, something removed, most of the fleet with no look in
between), medium what changes how agents behave, low everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentgit.model.change import Change
from agentgit.model.container import Container
from agentgit.model.desired import Desired, Instance
from agentgit.model.plan import Wave
from agentgit.model.risk import Gap, Level, Risk
from agentgit.plan.moves import find_grace

_LEVELS: tuple[Level, ...] = ("none", "low", "medium", "high")
_BEHAVIOUR = (
    "prompt", "model", "tools", "knowledge", "config", "card", "image", "container", "process",
)  # fmt: skip
_MANY, _MOST = 10, 0.5  # replicas, and their share of all


def assess_risk(
    changes: Sequence[Change], waves: Sequence[Wave], replicas: int, *, lost: int = 0
) -> Risk:
    """Judge a plan; `replicas` is how many the environment has, before or after.

    `lost` is how many hosts are given up with whatever runs there.
    """
    active = [change for change in changes if change.kind != "keep"]
    gaps = tuple(change.gap for change in active if change.gap is not None)
    found: list[tuple[Level, str]] = [("low", "")] if active else []
    if lost:
        found.append(("high", _count(lost, "host") + " given up"))
    if gaps:
        found.append(("high", _count(len(gaps), "instance") + " not served for a while"))
    removed = sum(change.kind == "remove" for change in active)
    if removed:
        found.append(("high", _count(removed, "instance") + " removed"))
    found += _assess_scale(active)
    replaced = sum(change.touched for change in active if change.kind == "replace")
    if replaced > max(_MANY, _MOST * replicas) and not any(wave.hold for wave in waves):
        found.append(("high", f"{replaced} of {replicas} replicas replaced with no pause to look"))
    classes = {field.change_class for change in active for field in change.fields}
    behaviour = [name for name in _BEHAVIOUR if name in classes]
    if behaviour:
        found.append(("medium", ", ".join(behaviour)))
    level = max((one for one, _ in found), key=_LEVELS.index, default="none")
    return Risk(level=level, reasons=tuple(text for _, text in found if text), gaps=gaps)


def note_gaps(
    changes: Sequence[Change], desired: Desired, least: Mapping[str, int]
) -> list[Change]:
    """Add the gap to those of which `least` says that nobody serves at the worst moment.

    Who is left without any replica, or has none that serves now, has no gap.
    """
    noted = []
    for change in changes:
        instance = desired.instance(change.instance)
        serves = change.kind != "keep" and change.replicas and change.instance in least
        gap = serves and least[change.instance] == 0
        update = {"gap": _estimate_gap(instance, change.order_reason)} if instance and gap else {}
        noted.append(change.model_copy(update=update))
    return noted


def _assess_scale(active: Sequence[Change]) -> Iterator[tuple[Level, str]]:
    """Judge what becomes less: no replica left of an instance, and fewer of it."""
    emptied, fewer = 0, 0
    for change in (one for one in active if one.kind != "remove"):
        less = _count_less(change)
        emptied += bool(less and not change.replicas)
        fewer += less
    if emptied:
        yield "high", _count(emptied, "instance") + " left without a replica"
    if fewer:
        yield "medium", _count(fewer, "replica") + " fewer"


def _count_less(change: Change) -> int:
    """Count the replicas that go for good; those too many of one slot are none of them."""
    if any(cause.kind == "surplus" for cause in change.causes):
        return 0
    return max(0, change.replicas_before - change.replicas)


def _estimate_gap(instance: Instance, reason: str) -> Gap:
    """Estimate how long nobody serves an instance whose old replicas stop first."""
    container, policy = instance.spec.container, instance.rollout
    return Gap(
        instance=instance.name,
        at_least=policy.min_healthy_time + _first_check(container),
        at_most=find_grace(instance) + policy.healthy_deadline,
        reason=reason,
    )


def _first_check(container: Container | None) -> float:
    """How long it takes until a health check can have said that all is well."""
    check = container.healthcheck if container else None
    return 0.0 if check is None else check.interval


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

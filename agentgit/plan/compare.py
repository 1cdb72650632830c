"""Desired against observed, slot by slot: what is kept, what changes, and why.

The revision label answers "did we ask for something else?"; a few live facts (state, health,
limits) answer "is it still so?", and the baseline "did somebody change it?" (`plan.baseline`). An
inspect is never compared with a specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from agentgit.model.change import Cause, CauseKind
from agentgit.model.container import Limits
from agentgit.model.desired import Instance
from agentgit.model.observed import EngineKind, HostState, Live, Replica
from agentgit.model.value import Json, Value
from agentgit.plan.baseline import describe_drift, needs_replacing
from agentgit.plan.placement import revision_on

Action = Literal["keep", "create", "replace", "start", "update", "remove"]


class SlotChange(Value):
    """What happens to one slot.

    `keeper` is the replica that stays (keep, update, start); `old` are those that go. `host` is
    where the slot lives afterwards.
    """

    slot: int
    action: Action
    host: str
    keeper: Replica | None = None
    old: tuple[Replica, ...] = ()
    cause: Cause | None = None


def compare_slot(
    instance: Instance,
    slot: int,
    host: HostState,
    found: Sequence[Replica],
    *,
    restart: bool,
) -> SlotChange:
    """Decide one slot that is wanted on `host`, given every replica found in it."""
    revision = revision_on(instance, host)
    fitting = [one for one in found if one.revision == revision and one.host == host.host]
    running = [one for one in fitting if one.state == "running" and one.health != "unhealthy"]
    intact = [one for one in running if not needs_replacing(one)]
    if intact and not restart:
        keeper = min(intact, key=_preference)
        return _keep(instance, host, slot, keeper, _others(found, keeper))
    wanted = wanted_live(instance, host.engine)
    stopped = [
        one
        for one in fitting
        if one.state in {"exited", "created", "paused"}
        and wanted in {None, one.live}
        and not one.drift
    ]
    if stopped and not running:  # to start it is all that a restart asks for, too
        keeper = min(stopped, key=_preference)
        cause = _cause("stopped", f"slot {slot}: {_describe_end(keeper)}")
        rest = _others(found, keeper)
        return _change(slot, "start", host, keeper=keeper, old=rest, cause=cause)
    if found:
        cause = _explain_replace(slot, host, revision, found, restart=restart)
        return _change(slot, "replace", host, old=tuple(found), cause=cause)
    return _change(slot, "create", host)


def _keep(
    instance: Instance, host: HostState, slot: int, keeper: Replica, rest: tuple[Replica, ...]
) -> SlotChange:
    wanted = wanted_live(instance, host.engine)
    if wanted is None or (wanted == keeper.live and not keeper.drift):
        cause = _cause("surplus", f"slot {slot} has {len(rest) + 1} replicas") if rest else None
        action: Action = "remove" if rest else "keep"
        return _change(slot, action, host, keeper=keeper, old=rest, cause=cause)
    cause = _cause("fields", f"slot {slot}: {_describe_live(keeper.live, wanted)}")
    if wanted == keeper.live:
        said = f"slot {slot}: somebody changed {describe_drift(keeper)}"
        cause = _cause("drift", f"{said}, set back in place")
    action = "update" if "update" in host.supports else "replace"
    if action == "replace":
        return _change(slot, action, host, old=(keeper, *rest), cause=cause)
    return _change(slot, action, host, keeper=keeper, old=rest, cause=cause)


def wanted_live(instance: Instance, engine: EngineKind) -> Live | None:
    """Give what can be changed in place, as it should be; of a process's limits only memory."""
    container = instance.spec.container
    if container is None:
        return None
    limits = container.limits
    if engine == "process":
        limits = Limits(memory=limits.memory)
    return Live(limits=limits, restart=container.restart)


def compare_live(now: Live, wanted: Live) -> tuple[tuple[str, Json, Json], ...]:
    """List (field, now, wanted) of what differs: `cpus`, `memory`, `pids`, `restart`."""
    before = {**now.limits.model_dump(mode="json"), "restart": now.restart}
    after = {**wanted.limits.model_dump(mode="json"), "restart": wanted.restart}
    return tuple((key, before[key], after[key]) for key in after if before[key] != after[key])


def _describe_live(now: Live, wanted: Live) -> str:
    return ", ".join(
        f"{field} {_or_unset(before)} -> {_or_unset(after)}"
        for field, before, after in compare_live(now, wanted)
    )


def _explain_replace(
    slot: int, host: HostState, revision: str, found: Sequence[Replica], *, restart: bool
) -> Cause:
    first = min(found, key=_preference)
    if first.host != host.host:
        return _cause("moved", f"slot {slot} moves from {first.host} to {host.host}")
    if first.revision != revision:
        return _cause("fields", f"slot {slot}: {first.revision[:8]} -> {revision[:8]}")
    if restart:
        return _cause("restart", f"slot {slot}: restart was asked for")
    if needs_replacing(first) and first.state == "running":
        said = f"somebody changed {describe_drift(first)} of {first.name}"
        return _cause("drift", f"slot {slot}: {said}, so it is replaced")
    if first.health == "unhealthy":
        return _cause("unhealthy", f"slot {slot}: {first.name} is unhealthy")
    return _cause("stopped", f"slot {slot}: {first.name} is {first.state}")


def _preference(replica: Replica) -> tuple[int, str]:
    rank = {True: 0, False: 1}[replica.serving] if replica.state == "running" else 2
    return rank, replica.name


def _others(found: Sequence[Replica], keeper: Replica) -> tuple[Replica, ...]:
    return tuple(one for one in found if one.id != keeper.id)


def _describe_end(replica: Replica) -> str:
    if replica.state == "created":
        return f"{replica.name} was never started"
    if replica.state == "paused":
        return f"somebody paused {replica.name}"
    code = "" if replica.exit_code is None else f" with exit code {replica.exit_code}"
    return f"{replica.name} has ended{code}"


def _change(
    slot: int,
    action: Action,
    host: HostState,
    *,
    keeper: Replica | None = None,
    old: tuple[Replica, ...] = (),
    cause: Cause | None = None,
) -> SlotChange:
    return SlotChange(
        slot=slot, action=action, host=host.host, keeper=keeper, old=old, cause=cause
    )


def _cause(kind: CauseKind, detail: str) -> Cause:
    return Cause(kind=kind, detail=detail)


def _or_unset(value: Json) -> Json:
    return "unset" if value is None else value


def group_by_slot(replicas: Sequence[Replica]) -> Mapping[int, tuple[Replica, ...]]:
    """Gather replicas of one instance by slot, in order."""
    slots = sorted({one.slot for one in replicas})
    return {slot: tuple(one for one in replicas if one.slot == slot) for slot in slots}

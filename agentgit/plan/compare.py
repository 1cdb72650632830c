"""Desired against observed, slot by slot: what is kept, what changes, and why.

The revision label answers "did we ask for something else?"; a few live facts (state, health,
limits) answer "is it still so?", and the baseline "did somebody change it?" (`plan.baseline`). An
inspect is never compared with a specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from agentgit.model.change import Cause, CauseKind
from agentgit.model.container import Limits
from agentgit.model.desired import Instance
from agentgit.model.observed import EngineKind, HostState, Live, Replica
from agentgit.model.value import Json, Value
from agentgit.plan.amounts import word_amount
from agentgit.plan.baseline import describe_drift, needs_replacing
from agentgit.plan.placement import revision_on

Action = Literal["keep", "create", "replace", "start", "update", "remove"]
END_OF_DRIFT = {"update": "set back in place", "replace": "and it is replaced"}


class SlotChange(Value):
    """What happens to one slot.

    `keeper` is the replica that stays (keep, update, start); `old` are those that go. `host` is
    where the slot lives afterwards. `cause` decided it; `also` is what is wrong besides.
    """

    slot: int
    action: Action
    host: str
    keeper: Replica | None = None
    old: tuple[Replica, ...] = ()
    cause: Cause | None = None
    also: tuple[Cause, ...] = ()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """All of them, the deciding one first."""
        return (self.cause, *self.also) if self.cause else self.also


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
        and not (one.drift or one.handmade)
        and not (one.state == "created" and one.error)  # an engine may never start it again
    ]
    if stopped and not running:  # to start it is all that a restart asks for, too
        keeper = min(stopped, key=_preference)
        rest = _others(found, keeper)
        ended = _cause("stopped", f"slot {slot}: {_describe_end(keeper)}")
        causes = [ended, *_explain_surplus(slot, rest)]
        return _change(slot, "start", host, keeper=keeper, old=rest, causes=causes)
    if found:
        causes = _explain_replace(slot, host, revision, found, restart=restart)
        return _change(slot, "replace", host, old=tuple(found), causes=causes)
    return _change(slot, "create", host)


def _keep(
    instance: Instance, host: HostState, slot: int, keeper: Replica, rest: tuple[Replica, ...]
) -> SlotChange:
    wanted = wanted_live(instance, host.engine)
    surplus = _explain_surplus(slot, rest)
    if wanted is None or (wanted == keeper.live and not keeper.drift):
        action: Action = "remove" if rest else "keep"
        return _change(slot, action, host, keeper=keeper, old=rest, causes=surplus)
    action = "update" if "update" in host.supports else "replace"
    causes = list(surplus)
    if keeper.drift:
        said = f"slot {slot}: somebody changed {describe_drift(keeper)}"
        causes.insert(0, _cause("drift", f"{said}, {END_OF_DRIFT[action]}"))
    if wanted != keeper.live:
        said = describe_rows(compare_live(keeper.live, wanted))
        causes.insert(0, _cause("fields", f"slot {slot}: {said}"))
    if action == "replace":
        return _change(slot, action, host, old=(keeper, *rest), causes=causes)
    return _change(slot, action, host, keeper=keeper, old=rest, causes=causes)


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


def describe_rows(rows: Iterable[tuple[str, Json, Json]]) -> str:
    """Write (field, now, wanted): `memory 256m -> 512m, restart no -> always`."""
    return ", ".join(
        f"{field} {word_live(field, before)} -> {word_live(field, after)}"
        for field, before, after in rows
    )


def word_live(field: str, value: Json) -> Json:
    """Write what a replica has, or should have: `256m`, `unset`."""
    return "unset" if value is None else word_amount(field, value)


def _explain_replace(
    slot: int, host: HostState, revision: str, found: Sequence[Replica], *, restart: bool
) -> list[Cause]:
    """Say why a slot gets a new replica: what decides it first, then what is wrong besides."""
    ordered = sorted(found, key=_preference)
    first = ordered[0]
    causes = [cause for one in ordered for cause in _find_wrong(slot, one)]
    if first.host != host.host:
        causes.insert(0, _cause("moved", f"slot {slot} moves from {first.host} to {host.host}"))
    elif first.revision != revision:
        said = f"slot {slot}: {first.revision[:8]} -> {revision[:8]}"
        causes.insert(0, _cause("fields", said))
    elif restart:
        causes.insert(0, _cause("restart", f"slot {slot}: restart was asked for"))
    if len(found) > 1:
        causes += _explain_surplus(slot, ordered, kept=0)
    return causes


def _find_wrong(slot: int, replica: Replica) -> Iterator[Cause]:
    """Name what is wrong with a replica; what does not run is not asked for its health."""
    if replica.state != "running":
        yield _cause("stopped", f"slot {slot}: {_describe_end(replica)}")
    elif replica.health == "unhealthy":
        yield _cause("unhealthy", f"slot {slot}: {replica.name} is unhealthy")
    if replica.handmade:
        yield _cause(
            "drift",
            f"slot {slot}: {replica.name} was made by hand, by no rollout, and it is replaced",
        )
    elif replica.drift:
        said = f"somebody changed {describe_drift(replica)} of {replica.name}"
        yield _cause("drift", f"slot {slot}: {said}, and it is replaced")


def _explain_surplus(slot: int, going: Sequence[Replica], kept: int = 1) -> tuple[Cause, ...]:
    """Name the replicas that go because a slot has too many, where it has."""
    if not going:
        return ()
    names = ", ".join(f"{one.name} (made by hand)" if one.handmade else one.name for one in going)
    verb = "goes" if len(going) == 1 else "go"
    return (_cause("surplus", f"slot {slot} has {len(going) + kept} replicas: {names} {verb}"),)


def _preference(replica: Replica) -> tuple[bool, bool, bool, bool, bool, str]:
    """What serves comes first, and among that what is verified, and seen to be healthy."""
    return (
        not replica.serving,
        replica.state != "running",
        replica.handmade,
        replica.unverified,
        replica.health != "healthy",
        replica.name,
    )


def _others(found: Sequence[Replica], keeper: Replica) -> tuple[Replica, ...]:
    return tuple(one for one in found if one.id != keeper.id)


def _describe_end(replica: Replica) -> str:
    if replica.state == "created":
        return f"{replica.name} was never started{': ' if replica.error else ''}{replica.error}"
    if replica.state == "paused":
        return f"somebody paused {replica.name}"
    if replica.state == "restarting":
        return f"{replica.name} keeps ending and is started again"
    code = "" if replica.exit_code is None else f" with exit code {replica.exit_code}"
    return f"{replica.name} has ended{code}"


def _change(
    slot: int,
    action: Action,
    host: HostState,
    *,
    keeper: Replica | None = None,
    old: tuple[Replica, ...] = (),
    causes: Sequence[Cause] = (),
) -> SlotChange:
    return SlotChange(
        slot=slot,
        action=action,
        host=host.host,
        keeper=keeper,
        old=old,
        cause=causes[0] if causes else None,
        also=tuple(causes[1:]),
    )


def _cause(kind: CauseKind, detail: str) -> Cause:
    return Cause(kind=kind, detail=detail)


def group_by_slot(replicas: Sequence[Replica]) -> Mapping[int, tuple[Replica, ...]]:
    """Gather replicas of one instance by slot, in order."""
    slots = sorted({one.slot for one in replicas})
    return {slot: tuple(one for one in replicas if one.slot == slot) for slot in slots}

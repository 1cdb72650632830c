"""Slot changes of one instance as one change for people: kind, causes and fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agentgit.model.change import Cause, Change, ChangeKind, FieldChange
from agentgit.model.desired import Instance
from agentgit.model.observed import HostState, Live, Observed, Replica
from agentgit.model.value import Json, dotted
from agentgit.plan.compare import (
    END_OF_DRIFT,
    SlotChange,
    compare_live,
    describe_rows,
    wanted_live,
    word_live,
)
from agentgit.plan.effect import compare_environments
from agentgit.plan.field_facts import find_forced
from agentgit.plan.fields import compare_fields, compare_placement
from agentgit.plan.guard import stop_first_reason
from agentgit.plan.origins import Nowhere, Sides, locate
from agentgit.plan.placement import revision_on
from agentgit.plan.request import Evidence
from agentgit.plan.strategies.batch import count_share


def describe_instance(
    instance: Instance, slots: tuple[SlotChange, ...], observed: Observed, evidence: Evidence
) -> Change:
    """Describe a declared instance; its causes say why it changes, if it does."""
    hosts = {state.host: state for state in observed.hosts}
    old = [replica for change in slots for replica in _found(change)]
    kind = _kind(slots, old)
    host = hosts[slots[0].host] if slots else None
    order, reason = _order(instance, slots, hosts)
    causes, fields = _explain(instance, slots, hosts, evidence)
    touched = sum(_count_touched(change) for change in slots)
    return Change(
        kind=kind,
        instance=instance.name,
        agent=instance.agent,
        path=instance.path,
        replicas=instance.spec.scale.replicas,
        ran=len(old),
        touched=touched,
        hosts=tuple(sorted({change.host for change in slots if change.action != "keep"})),
        revision=revision_on(instance, host) if host else instance.revision,
        from_revisions=tuple(sorted({replica.revision for replica in old})),
        causes=causes,
        fields=fields,
        strategy=instance.rollout.strategy,
        order=order,
        order_reason=reason,
        ends=sum(len(change.old) for change in slots),
    )


def describe_removal(name: str, replicas: tuple[Replica, ...], evidence: Evidence) -> Change:
    """Describe an instance that nobody declares any more."""
    past = evidence.applied(name)
    return Change(
        kind="remove",
        instance=name,
        path=past.path if past else "",
        agent=replicas[0].agent,
        ran=len(replicas),
        touched=len(replicas),
        ends=len(replicas),
        hosts=tuple(sorted({replica.host for replica in replicas})),
        from_revisions=tuple(sorted({replica.revision for replica in replicas})),
        causes=(Cause(kind="removed", detail="no file declares it any more"),),
    )


def _kind(slots: Sequence[SlotChange], old: Sequence[Replica]) -> ChangeKind:
    actions = {change.action for change in slots}
    if actions <= {"keep"}:
        return "keep"
    if not old:
        return "create"
    if actions & {"replace", "start"}:
        return "replace"
    return "update" if actions <= {"keep", "update"} else "scale"


def _count_touched(change: SlotChange) -> int:
    """Count the replicas of a slot that something happens to; what is removed goes one by one."""
    return len(change.old) if change.action == "remove" else int(change.action != "keep")


def _found(change: SlotChange) -> tuple[Replica, ...]:
    return (change.keeper, *change.old) if change.keeper else change.old


def _order(
    instance: Instance, slots: Sequence[SlotChange], hosts: dict[str, HostState]
) -> tuple[Literal["start-first", "stop-first"] | None, str]:
    replaced = [change for change in slots if change.action == "replace"]
    if not replaced:
        return None, ""
    for change in replaced:
        reason = stop_first_reason(instance, hosts[change.host])
        if reason and any(old.host == change.host for old in change.old):
            return "stop-first", reason
    policy = instance.rollout
    unavailable = count_share(policy.max_unavailable, instance.spec.scale.replicas, up=False)
    if policy.strategy == "recreate":
        return "stop-first", "strategy recreate"
    if policy.max_surge in {0, "0%"}:
        return "stop-first", "maxSurge is 0"
    if unavailable:
        return "stop-first", f"{unavailable} at a time, maxUnavailable is {policy.max_unavailable}"
    return "start-first", ""


def _explain(
    instance: Instance,
    slots: tuple[SlotChange, ...],
    hosts: dict[str, HostState],
    evidence: Evidence,
) -> tuple[tuple[Cause, ...], tuple[FieldChange, ...]]:
    """Tell what a commit asks for, as fields, from what happened by itself or by hand: causes.

    Neither hides the other: what is missing or was changed by hand may be asked for otherwise too.
    """
    changed = [change for change in slots if change.action != "keep"]
    if not changed:
        return (), ()
    past = evidence.applied(instance.name)
    is_empty = not any(_found(change) for change in slots)
    if is_empty and past is None:
        return (Cause(kind="new", detail="new"),), ()
    stale = _stale(instance, changed, hosts)
    before = evidence.before(stale) if stale else None
    known = past if is_empty else before
    fields = _in_place_fields(instance, changed, hosts, past, evidence)
    if known is not None:
        names = {change.host for change in changed} | ({stale.host} if stale else set())
        engines = {hosts[name].engine for name in names}
        fields += compare_fields(known, instance, _sides(known, instance, evidence), engines)
    fields += _moved_fields(instance, changed, evidence)
    causes = [one for change in slots for one in change.causes if one.kind != "fields"]
    causes += _explain_empty(instance, slots, past or before)
    drift = _find_drift(instance, changed, hosts, past)
    causes += drift
    if stale is not None and before is None:
        causes.append(_explain_unknown(stale))
    elif fields or (not drift and _is_asked_otherwise(slots)):
        causes.append(Cause(kind="fields", detail="what is asked for has changed"))
    scaled = _scale_field(instance, slots, before, evidence)
    if scaled:  # the field says it better
        causes = [cause for cause in causes if cause.kind != "scale"]
    return tuple(causes), fields + scaled


def _is_asked_otherwise(slots: Sequence[SlotChange]) -> bool:
    return any(one.kind == "fields" for change in slots for one in change.causes)


def _explain_unknown(stale: Replica) -> Cause:
    short = stale.commit[:7] or "an unknown commit"
    detail = f"revision {stale.revision[:8]}, created at {short}, which cannot be read here"
    return Cause(kind="unknown", detail=detail)


def _stale(
    instance: Instance, changed: Sequence[SlotChange], hosts: dict[str, HostState]
) -> Replica | None:
    """Find a replica whose revision is not the one asked for."""
    for change in changed:
        revision = revision_on(instance, hosts[change.host])
        for replica in change.old:
            if replica.revision != revision and change.action == "replace":
                return replica
    return None


def _find_drift(
    instance: Instance,
    changed: Sequence[SlotChange],
    hosts: dict[str, HostState],
    past: Instance | None,
) -> list[Cause]:
    """Tell limits that somebody changed by hand from limits that a commit changed."""
    causes = []
    for change in changed if past else ():
        keeper = change.keeper if change.action == "update" else next(iter(change.old), None)
        wanted, then = _live_of(instance, change, hosts), _live_of(past, change, hosts)
        if keeper is None or wanted is None or then is None or keeper.host != change.host:
            continue
        asked = {field: old for field, old, _ in compare_live(then, wanted)}
        differing = compare_live(keeper.live, wanted)
        rows = [one for one in differing if one[0] not in asked]
        if rows and change.action in END_OF_DRIFT:
            said = f"slot {change.slot}: {describe_rows(rows)}, {END_OF_DRIFT[change.action]}"
            causes.append(Cause(kind="drift", detail=said))
        for field, now, _ in differing:
            if field in asked and now != asked[field]:
                words = [word_live(field, one) for one in (now, asked[field])]
                said = f"slot {change.slot}: {field} is {words[0]} instead of {words[1]}"
                causes.append(Cause(kind="drift", detail=said))
    return causes


def _live_of(
    instance: Instance | None, change: SlotChange, hosts: dict[str, HostState]
) -> Live | None:
    return wanted_live(instance, hosts[change.host].engine) if instance else None


def _explain_empty(
    instance: Instance, slots: Sequence[SlotChange], past: Instance | None
) -> list[Cause]:
    """Tell missing replicas from those that were never asked for."""
    empty = [change.slot for change in slots if change.action == "create"]
    most = past.spec.scale.replicas if past else max(empty, default=0)
    missing = [slot for slot in empty if slot <= most]
    causes = []
    if missing:
        numbers = ", ".join(str(slot) for slot in missing)
        words = "slot {} has" if len(missing) == 1 else "slots {} have"
        detail = f"{words.format(numbers)} no replica"
        causes.append(Cause(kind="missing", detail=detail))
    if len(missing) < len(empty):
        detail = f"{most} -> {instance.spec.scale.replicas} replicas"
        causes.append(Cause(kind="scale", detail=detail))
    return causes


def _scale_field(
    instance: Instance,
    slots: tuple[SlotChange, ...],
    before: Instance | None,
    evidence: Evidence,
) -> tuple[FieldChange, ...]:
    """Show scale.replicas when the number of slots changes."""
    past = evidence.applied(instance.name) or before
    wanted = instance.spec.scale.replicas
    if past is None or past.spec.scale.replicas == wanted:
        return ()
    if not any(change.action in {"create", "remove"} for change in slots):
        return ()
    path = ("scale", "replicas")
    field = FieldChange(
        path=dotted(path),
        change_class="scale",
        before=past.spec.scale.replicas,
        after=wanted,
        forces=find_forced(path),
    )
    return (locate(field, path, _sides(past, instance, evidence)),)


def _moved_fields(
    instance: Instance, changed: Sequence[SlotChange], evidence: Evidence
) -> tuple[FieldChange, ...]:
    """Show why replicas move: their placement, else what differs in the hosts themselves."""
    moved = [(old, change.host) for change in changed for old in change.old]
    moved = [(old, host) for old, host in moved if old.host != host]
    past = evidence.before(moved[0][0]) or evidence.applied(instance.name) if moved else None
    if past is None:
        return ()
    sides = _sides(past, instance, evidence)
    fields = compare_placement(past, instance, sides)
    then, now = evidence.around(past), evidence.around(instance)
    if fields or then is None or now is None:
        return fields
    names = {host for old, new in moved for host in (old.host, new)}
    mine = tuple(f"hosts.{name}." for name in names)
    found = compare_environments(then, now, sides.then, sides.now)
    return tuple(field for field in found if f"{field.path}.".startswith(mine))


def _sides(past: Instance | None, instance: Instance, evidence: Evidence) -> Sides:
    """Give the places of an instance, then and now."""
    return Sides(
        instance.name,
        evidence.places(past) if past else Nowhere(),
        evidence.places(instance),
        renamed=past is not None and past.agent != instance.agent,
    )


def _in_place_fields(
    instance: Instance,
    changed: Sequence[SlotChange],
    hosts: dict[str, HostState],
    past: Instance | None,
    evidence: Evidence,
) -> tuple[FieldChange, ...]:
    """Show what a commit changes of a running replica; of an unknown past, all that differs."""
    rows: dict[str, tuple[Json, Json]] = {}
    can = True
    for change in changed:
        wanted, then = _live_of(instance, change, hosts), _live_of(past, change, hosts)
        if wanted is None:
            continue
        can = can and "update" in hosts[change.host].supports
        asked = {field: (old, new) for field, old, new in compare_live(then or wanted, wanted)}
        found = [one for one in _found(change) if one.host == change.host]
        for field, now, new in (row for one in found for row in compare_live(one.live, wanted)):
            if then is None or field in asked:
                rows.setdefault(field, asked.get(field, (now, new)))
        if not found and change.action == "create":
            rows = asked | rows
    sides = _sides(past, instance, evidence)
    return tuple(
        _in_place_field(field, *rows[field], sides, can_update=can) for field in sorted(rows)
    )


def _in_place_field(
    name: str, before: Json, after: Json, sides: Sides, *, can_update: bool
) -> FieldChange:
    nested = ("container", "deploy", "resources", "limits", name)
    path = ("container", "restart") if name == "restart" else nested
    field = FieldChange(
        path=dotted(path),
        change_class="container",
        had=before is not None,
        before=before,
        has=after is not None,
        after=after,
        forces=find_forced(path) if can_update else "replace",
    )
    said = sides.now.place(sides.instance, path, near=False) is not None
    return locate(field, path, sides, said=said)

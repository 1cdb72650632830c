"""Finds volumes that a replica has now and nobody would have afterwards: data left behind."""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.errors import Location
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Replica
from agentgit.model.refusal import Refusal
from agentgit.plan.draft import Draft
from agentgit.plan.naming import name_prefix, name_volume
from agentgit.plan.refusal import refuse

_Held = tuple[str, str]  # a host and the name of a volume


def refuse_lost_volumes(draft: Draft) -> Iterator[Refusal]:
    """Refuse to leave data behind: renamed, dropped, of another access, on another host, removed.

    A volume of a slot that is only scaled away is not lost: its slot finds it again.
    """
    if draft.allows("volumes"):
        return
    changing = {one.instance: one for one in draft.changes if one.kind in {"replace", "remove"}}
    kept = _find_kept(draft)
    messages, where = [], None
    for name, change in sorted(changing.items()):
        lost = sorted(_find_held(draft, name) - kept)
        if not lost:
            continue
        instance = draft.desired.instance(name)
        where = where or (Location(instance.path) if instance else None)
        moved = any(cause.kind == "moved" for cause in change.causes)
        what = "would be removed" if instance is None else "would no longer have all its volumes"
        what = "would move to another host" if moved else what
        messages.append(f"{name} {what} and leave {_describe(lost)}")
    if messages:
        yield refuse(
            "volumes", messages,
            "a volume keeps its data while it keeps its name, its access and its host; copy the "
            "data first", where,
        )  # fmt: skip


def _find_kept(draft: Draft) -> set[_Held]:
    """Find what some replica has afterwards, or has again when its slot comes back."""
    kept = set[_Held]()
    for instance in draft.desired.instances:
        placed = draft.placed.get(instance.name, {})
        for slot, host in placed.items():
            kept |= _name_volumes(draft.desired, instance, slot, host)
        for one in draft.observed.replicas_of(instance.name):
            if one.slot not in placed:
                kept |= _name_volumes(draft.desired, instance, one.slot, one.host)
    return kept


def _find_held(draft: Draft, name: str) -> set[_Held]:
    """Find what the replicas of an instance have now, as the commits say that made them."""
    held = set[_Held]()
    for one in draft.observed.replicas_of(name):
        past = _find_past(draft, one)
        if past is not None:
            held |= _name_volumes(draft.desired, past, one.slot, one.host)
        else:  # nobody knows: whatever is there by its name
            held |= _guess(draft, one)
    return held


def _find_past(draft: Draft, replica: Replica) -> Instance | None:
    past = draft.evidence.before(replica) or draft.evidence.applied(replica.instance)
    return past or draft.desired.instance(replica.instance)


def _guess(draft: Draft, replica: Replica) -> set[_Held]:
    prefix = f"{name_prefix(draft.desired)}-{replica.instance}-"
    volumes = (one for one in draft.observed.hosts if one.host == replica.host)
    return {
        (state.host, name)
        for state in volumes
        for name in state.volumes
        if name.startswith(prefix)
    }


def _name_volumes(desired: Desired, instance: Instance, slot: int, host: str) -> set[_Held]:
    volumes = instance.spec.container.volumes if instance.spec.container else {}
    return {(host, name_volume(desired, instance.name, one, slot)) for one in volumes.values()}


def _describe(lost: list[_Held]) -> str:
    host, first = lost[0]
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return f"{first}{more} behind on {host}"

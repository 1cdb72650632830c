"""One instance: its slots compared, and its moves in the stages of its strategy."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.model.change import Cause
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import HostState, Observed
from agentgit.model.plan import Move
from agentgit.model.steps import AwaitHealthy, ReplicaSpec
from agentgit.model.value import Value
from agentgit.plan.compare import SlotChange, compare_slot, group_by_slot
from agentgit.plan.guard import stop_first_reason
from agentgit.plan.moves import move_away, move_in_place, move_to_new, move_to_started
from agentgit.plan.naming import name_replica
from agentgit.plan.placement import revision_on
from agentgit.plan.replicas import specify_replica
from agentgit.plan.strategies import STRATEGIES


class Stage(Value):
    """Moves of one instance that belong together; `watched` are (host, name) of new replicas."""

    title: str
    moves: tuple[Move, ...]
    hold: float = 0.0
    watched: tuple[tuple[str, str], ...] = ()


class Names:
    """Gives every new replica of a plan a name of its own, and its specification."""

    def __init__(self, desired: Desired, observed: Observed) -> None:
        self._desired = desired
        self._hosts = {state.host: state for state in observed.hosts}
        self._taken = {replica.name for replica in observed.replicas}
        # What an interrupted rollout or somebody's hand left of a replica is cleaned up at the
        # end; until then its name is not free.
        self._taken |= {
            left.name.removesuffix("-config")
            for state in observed.hosts
            for left in state.leftovers
        }

    def host(self, name: str) -> HostState:
        """Find a host's state."""
        return self._hosts[name]

    def specify(self, instance: Instance, change: SlotChange) -> ReplicaSpec:
        """Specify the next replica of a slot."""
        host = self._hosts[change.host]
        revision = revision_on(instance, host)
        name = name_replica(self._desired, instance.name, change.slot, revision, self._taken)
        self._taken.add(name)
        return specify_replica(self._desired, instance, host, change.slot, name)


def compare_instance(
    instance: Instance, observed: Observed, placed: Mapping[int, str], *, restart: bool
) -> tuple[SlotChange, ...]:
    """Decide every slot of an instance: the wanted ones, then those that are too many."""
    hosts = {state.host: state for state in observed.hosts}
    found = group_by_slot([one for one in observed.replicas if one.instance == instance.name])
    wanted = [
        compare_slot(instance, slot, hosts[host], found.get(slot, ()), restart=restart)
        for slot, host in sorted(placed.items())
    ]
    surplus = [
        SlotChange(
            slot=slot,
            action="remove",
            host=replicas[0].host,
            old=replicas,
            cause=Cause(kind="scale", detail=f"slot {slot}: {_replicas(len(placed))} asked for"),
        )
        for slot, replicas in found.items()
        if slot not in placed
    ]
    return (*wanted, *surplus)


def stage_instance(
    instance: Instance, slots: tuple[SlotChange, ...], names: Names
) -> tuple[Stage, ...]:
    """Order the moves: first what disturbs nobody, then replacements as the strategy says."""
    by_slot = {change.slot: change for change in slots}
    gradual = _find_gradual(slots)
    direct = tuple(c for c in slots if c.action != "keep" and c.slot not in gradual)
    first = tuple(move for c in direct for move in _direct_moves(instance, c, names))
    stages = [Stage(title=_direct_title(direct), moves=first)] if first else []
    done = sum(c.action != "remove" or c.keeper is not None for c in slots) - len(gradual)
    for batch in STRATEGIES[instance.rollout.strategy](gradual, done, instance.rollout):
        moves = tuple(
            _gradual_move(instance, by_slot[slot], names, stop_first=slot in batch.stop_first)
            for slot in batch.slots
        )
        watched = _created(moves) if moves else _kept(slots)
        in_place = {by_slot[slot].action for slot in batch.slots} == {"update"}
        title = f"{batch.title}, in place" if in_place else batch.title
        stages.append(Stage(title=title, moves=moves, hold=batch.hold, watched=watched))
    return tuple(stages)


def _find_gradual(slots: tuple[SlotChange, ...]) -> tuple[int, ...]:
    """Find the slots that change as the strategy says: in place, replaced, then added.

    Where nothing changes that serves, a new replica disturbs nobody and needs no strategy;
    neither does the repair of a replica that does not serve.
    """
    updated = tuple(c.slot for c in slots if c.action == "update")
    replaced = tuple(c.slot for c in slots if c.action == "replace" and not _is_repair(c))
    added = tuple(change.slot for change in slots if change.action == "create")
    return (*updated, *replaced, *(added if replaced else ()))


def _direct_moves(instance: Instance, change: SlotChange, names: Names) -> tuple[Move, ...]:
    if change.action == "replace":
        return (_replace(instance, change, names, stop_first=False),)
    if change.action == "create":
        return (move_to_new(change, instance, names.specify(instance, change), stop_first=False),)
    if change.action == "start":
        stop_first = bool(stop_first_reason(instance, names.host(change.host)))
        return (move_to_started(change, instance, stop_first=stop_first),)
    if change.keeper is None:
        cause = change.cause.detail if change.cause else ""
        return tuple(move_away(replica, instance, cause) for replica in change.old)
    return (move_in_place(change, instance, names.host(change.host).engine),)


def _gradual_move(
    instance: Instance, change: SlotChange, names: Names, *, stop_first: bool
) -> Move:
    if change.action == "update":
        return move_in_place(change, instance, names.host(change.host).engine)
    return _replace(instance, change, names, stop_first=stop_first)


def _replace(instance: Instance, change: SlotChange, names: Names, *, stop_first: bool) -> Move:
    moved = all(old.host != change.host for old in change.old)
    forced = not moved and bool(stop_first_reason(instance, names.host(change.host)))
    spec = names.specify(instance, change)
    return move_to_new(change, instance, spec, stop_first=stop_first or forced)


def _is_repair(change: SlotChange) -> bool:
    return change.cause is not None and change.cause.kind in {"unhealthy", "stopped"}


def _kept(slots: tuple[SlotChange, ...]) -> tuple[tuple[str, str], ...]:
    keepers = (change.keeper for change in slots if change.action == "keep")
    return tuple((keeper.host, keeper.name) for keeper in keepers if keeper is not None)


def _created(moves: tuple[Move, ...]) -> tuple[tuple[str, str], ...]:
    steps = [step for move in moves for step in (*move.prepare, *move.finish)]
    waits = (step for step in steps if isinstance(step, AwaitHealthy))
    return tuple((step.host, step.name) for step in waits)


def _direct_title(slots: tuple[SlotChange, ...]) -> str:
    """Name the first stage after what happens in it."""
    words = {
        "create": "create",
        "start": "start",
        "replace": "repair",
        "update": "in place",
        "remove": "scale down",
    }
    found = dict.fromkeys(words[c.action] for c in slots if c.action in words)
    return ", ".join(found)


def _replicas(count: int) -> str:
    return "1 replica is" if count == 1 else f"{count} replicas are"

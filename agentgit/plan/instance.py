"""One instance: its slots compared, and its moves in the stages of its strategy."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agentgit.model.change import Cause
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import HostState, Live, Observed, Replica
from agentgit.model.plan import Move
from agentgit.model.progress import Passage
from agentgit.model.steps import AwaitHealthy, ReplicaSpec
from agentgit.model.value import Value
from agentgit.plan.compare import SlotChange, compare_slot, group_by_slot, wanted_live
from agentgit.plan.digest import digest_live
from agentgit.plan.guard import stop_first_reason
from agentgit.plan.images import Chooser
from agentgit.plan.moves import (
    move_away,
    move_in_place,
    move_to_new,
    move_to_started,
    wait_for_kept,
)
from agentgit.plan.naming import name_replica
from agentgit.plan.placement import revision_on
from agentgit.plan.replicas import specify_replica
from agentgit.plan.strategies import STRATEGIES
from agentgit.plan.strategies.batch import Done
from agentgit.plan.strategies.canary import count_canaries


class Stage(Value):
    """Moves of one instance that belong together; `watched` are (host, name) of new replicas.

    `titles` say what happens, each once in the title of the wave that they share with others.
    `passage` is what is recorded once `hold` is over.
    """

    titles: tuple[str, ...]
    moves: tuple[Move, ...]
    hold: float = 0.0
    watched: tuple[tuple[str, str], ...] = ()
    passage: Passage | None = None


class Names:
    """Gives every new replica of a plan a name of its own, and its specification."""

    def __init__(self, desired: Desired, observed: Observed, images: Chooser) -> None:
        self._desired = desired
        self._images = images
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
        image = self._images.choose(instance, host)
        return specify_replica(self._desired, instance, host, change.slot, name, image)


def compare_instance(
    instance: Instance, observed: Observed, placed: Mapping[int, str], *, restart: bool
) -> tuple[SlotChange, ...]:
    """Decide every slot of an instance: the wanted ones, then those that are too many."""
    hosts = {state.host: state for state in observed.hosts}
    found = group_by_slot(observed.replicas_of(instance.name))
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
            cause=_explain_extra(slot, replicas, len(placed)),
        )
        for slot, replicas in found.items()
        if slot not in placed
    ]
    return (*wanted, *surplus)


def stage_instance(
    instance: Instance,
    slots: tuple[SlotChange, ...],
    names: Names,
    passages: tuple[Passage, ...] = (),
    *,
    resumes: bool = False,
) -> tuple[Stage, ...]:
    """Order the moves: first what disturbs nobody, then replacements as the strategy says.

    `passages` are the pauses on this very way that an interrupted rollout had passed. What that
    rollout, or a way back, has started and nobody has seen healthy is waited for before anything
    that serves is touched.
    """
    by_slot = {change.slot: change for change in slots}
    gradual = _find_gradual(slots)
    direct = tuple(c for c in slots if c.action != "keep" and c.slot not in gradual)
    warming = tuple(c for c in slots if _is_warming(c)) if gradual or resumes else ()
    first = tuple(wait_for_kept(change, instance) for change in warming)
    first += tuple(move for c in direct for move in _direct_moves(instance, c, names))
    stages = [Stage(titles=_direct_titles((*warming, *direct)), moves=first)] if first else []
    done = Done(
        slots=_count_done(slots),
        passed=frozenset(one.weight for one in passages),
    )
    way = _find_way(instance, slots, names)
    for batch in STRATEGIES[instance.rollout.strategy](gradual, done, instance.rollout):
        if way is None and not batch.slots:
            continue  # what is kept is no part of a canary: nothing of it is new
        moves = tuple(
            _gradual_move(instance, by_slot[slot], names, stop_first=slot in batch.stop_first)
            for slot in batch.slots
        )
        watched = _created(moves) or tuple(dict.fromkeys((*_kept(slots), *_created(first))))
        in_place = {by_slot[slot].action for slot in batch.slots} == {"update"}
        title = f"{batch.title} in place" if in_place else batch.title
        passage = way.model_copy(update={"weight": batch.weight}) if way and batch.hold else None
        stages.append(
            Stage(titles=(title,), moves=moves, hold=batch.hold, watched=watched, passage=passage)
        )
    return tuple(stages)


def _find_way(instance: Instance, slots: tuple[SlotChange, ...], names: Names) -> Passage | None:
    """Name the way from what runs to what is asked for, of slots that change gradually.

    None where it leads to the same again, as a restart does: there nothing tells old from new.
    """
    gradual = frozenset(_find_gradual(slots))
    old, new = set[str](), set[str]()
    for change in (one for one in slots if one.slot in gradual):
        host = names.host(change.host)
        before = change.old or ((change.keeper,) if change.keeper else ())
        if change.action == "update":
            wanted = wanted_live(instance, host.engine)
            old |= {f"{one.revision}+{digest_live(one.live)}" for one in before}
            new |= {f"{revision_on(instance, host)}+{digest_live(wanted or Live())}"}
        elif change.action == "replace":
            old |= {one.revision for one in before}
            new |= {revision_on(instance, host)}
    if not new or old & new:
        return None
    return Passage(
        instance=instance.name, old=",".join(sorted(old)), new=",".join(sorted(new)), weight=0
    )


def find_passed(
    instance: Instance,
    slots: tuple[SlotChange, ...],
    names: Names,
    passages: Collection[Passage],
) -> tuple[Passage, ...]:
    """Pick the pauses that were passed on this way, a part of which may lie behind already.

    What was seen of replicas that are gone again is no evidence: the share must be there still.
    """
    way = _find_way(instance, slots, names)
    if way is None:
        return ()
    left, done = set(way.old.split(",")), _count_done(slots)
    total = done + len(_find_gradual(slots))
    found = (
        one
        for one in passages
        if (one.instance, one.new) == (way.instance, way.new)
        and left <= set(one.old.split(","))
        and (count_canaries(one.weight, total) or total) <= done
    )
    return tuple(sorted(found, key=lambda one: (one.weight, one.old)))


def _count_done(slots: tuple[SlotChange, ...]) -> int:
    """Count the slots that stay and run what is asked for already."""
    staying = sum(c.action != "remove" or c.keeper is not None for c in slots)
    return staying - len(_find_gradual(slots))


def _find_gradual(slots: tuple[SlotChange, ...]) -> tuple[int, ...]:
    """Find the slots that change as the strategy says: in place, replaced, then added.

    Where nothing changes that serves, a new replica disturbs nobody and needs no strategy;
    neither does the repair of a replica that does not serve.
    """
    updated = tuple(c.slot for c in slots if c.action == "update")
    replacing = [c for c in slots if c.action == "replace" and not _is_repair(c)]
    # A slot that does not serve comes first: what serves is not let go before it does.
    replacing.sort(key=lambda c: any(one.serving for one in c.old))
    replaced = tuple(c.slot for c in replacing)
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


def _is_warming(change: SlotChange) -> bool:
    return change.action == "keep" and change.keeper is not None and not change.keeper.serving


def _is_repair(change: SlotChange) -> bool:
    return change.cause is not None and change.cause.kind in {"unhealthy", "stopped"}


def _kept(slots: tuple[SlotChange, ...]) -> tuple[tuple[str, str], ...]:
    """Name the replicas that stay as they are, whatever goes beside them."""
    keepers = (change.keeper for change in slots if change.action in {"keep", "remove"})
    return tuple((keeper.host, keeper.name) for keeper in keepers if keeper is not None)


def _created(moves: tuple[Move, ...]) -> tuple[tuple[str, str], ...]:
    steps = [step for move in moves for step in move.steps]
    waits = (step for step in steps if isinstance(step, AwaitHealthy))
    return tuple((step.host, step.name) for step in waits)


def _direct_titles(slots: tuple[SlotChange, ...]) -> tuple[str, ...]:
    """Name the first stage after what happens in it."""
    words = {
        "keep": "wait",
        "create": "create",
        "start": "start",
        "replace": "repair",
        "update": "in place",
        "remove": "scale down",
    }
    return tuple(dict.fromkeys(words[c.action] for c in slots if c.action in words))


def _explain_extra(slot: int, replicas: tuple[Replica, ...], wanted: int) -> Cause:
    """Say why a slot goes that is not asked for: nobody asked for what was made by hand."""
    asked = f"{_replicas(wanted)} asked for"
    handmade = ", ".join(one.name for one in replicas if one.handmade)
    if handmade:
        return Cause(kind="surplus", detail=f"slot {slot}: {handmade} was made by hand, {asked}")
    return Cause(kind="scale", detail=f"slot {slot}: {asked}")


def _replicas(count: int) -> str:
    return "1 replica is" if count == 1 else f"{count} replicas are"

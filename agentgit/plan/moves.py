"""One slot's change as a move: what to prepare, what to finish, what to take back."""

from __future__ import annotations

from agentgit.model.desired import Instance
from agentgit.model.observed import EngineKind, Live, Replica
from agentgit.model.plan import Move
from agentgit.model.spec import Rollout
from agentgit.model.steps import (
    AwaitHealthy,
    CreateReplica,
    RemoveReplica,
    ReplicaSpec,
    StartReplica,
    Step,
    StopReplica,
    UpdateReplica,
)
from agentgit.plan.compare import SlotChange, wanted_live

DEFAULT_GRACE = 10.0
STOP_MARGIN = 20.0  # what an engine may need beyond the grace period


def move_to_new(
    change: SlotChange, instance: Instance, replica: ReplicaSpec, *, stop_first: bool
) -> Move:
    """Create a replica and, once it is healthy, let go of the old one.

    Stop-first, the old one is stopped before the new one starts, and removed at the end. What an
    interrupted rollout has left beside it goes before anything is created, so that a slot never
    has more than old and new, however often a rollout is cut off.
    """
    host = change.host
    kept, spare = _pick_old(change.old, replica.revision)
    clear = _let_go(spare, find_grace(instance))
    create = CreateReplica(host=host, replica=replica)
    start = StartReplica(host=host, name=replica.name)
    wait = _await_step(host, replica.name, instance.rollout)
    stops = tuple(_stop_step(old, find_grace(instance)) for old in kept)
    removals = tuple(_remove_step(old) for old in kept)
    gone = RemoveReplica(host=host, name=replica.name)
    prepare: tuple[Step, ...] = (*clear, create, start, wait)
    finish: tuple[Step, ...] = (*stops, *removals)
    undo: tuple[Step, ...] = (gone,)
    if stop_first and kept:
        prepare, finish = (*clear, create), (*stops, start, wait, *removals)
        # What ran before runs again, whoever's fault it was.
        undo = (gone, *_start_again(kept))
    return Move(
        instance=instance.name,
        host=host,
        slot=change.slot,
        cause=change.cause.detail if change.cause else f"slot {change.slot} is empty",
        prepare=prepare,
        finish=finish,
        undo=undo,
    )


def move_to_started(change: SlotChange, instance: Instance, *, stop_first: bool) -> Move:
    """Start a replica that is there but does not run, then let go of the others."""
    keeper = _keeper(change)
    start: tuple[Step, ...] = (
        StartReplica(host=change.host, name=keeper.name),
        _await_step(change.host, keeper.name, instance.rollout),
    )
    stops = tuple(_stop_step(old, find_grace(instance)) for old in change.old)
    removals = tuple(_remove_step(old) for old in change.old)
    prepare, finish = (start, (*stops, *removals))
    if stop_first and change.old:
        prepare, finish = ((), (*stops, *start, *removals))
    return Move(
        instance=instance.name,
        host=change.host,
        slot=change.slot,
        cause=change.cause.detail if change.cause else "",
        prepare=prepare,
        finish=finish,
        undo=(_stop_step(keeper, find_grace(instance)),),
    )


def move_in_place(change: SlotChange, instance: Instance, engine: EngineKind) -> Move:
    """Change limits and restart policy of a running replica, look at it, drop surplus ones.

    A replica that does not stay healthy gets back what it had. What serves beside one that an
    interrupted rollout has started goes only when that one is healthy.
    """
    keeper, live = _keeper(change), wanted_live(instance, engine)
    prepare: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    if change.old and (not keeper.serving or any(one.serving for one in change.old)):
        prepare = (_await_step(change.host, keeper.name, instance.rollout),)
    if change.action == "update" and live is not None:
        wait = _await_step(change.host, keeper.name, instance.rollout)
        steps = (_update_step(keeper, live), wait)
        undo = (_update_step(keeper, keeper.live),)
    return Move(
        instance=instance.name,
        host=change.host,
        slot=change.slot,
        cause=change.cause.detail if change.cause else "",
        prepare=prepare,
        finish=(*steps, *_let_go(change.old, find_grace(instance))),
        undo=undo,
    )


def wait_for_kept(change: SlotChange, instance: Instance) -> Move:
    """Wait for a replica that stays as it is and does not serve yet."""
    keeper = _keeper(change)
    return Move(
        instance=instance.name,
        host=change.host,
        slot=change.slot,
        cause=f"slot {change.slot}: {keeper.name} is still starting",
        prepare=(_await_step(change.host, keeper.name, instance.rollout),),
    )


def move_away(replica: Replica, instance: Instance | None, cause: str) -> Move:
    """Stop and remove a replica that nobody wants any more."""
    grace = find_grace(instance) if instance else DEFAULT_GRACE
    return Move(
        instance=replica.instance,
        host=replica.host,
        slot=replica.slot,
        cause=cause,
        finish=_let_go((replica,), grace),
    )


def _await_step(host: str, name: str, policy: Rollout) -> AwaitHealthy:
    """Wait for a replica as its policy says."""
    return AwaitHealthy(
        host=host,
        name=name,
        min_healthy_time=policy.min_healthy_time,
        timeout=policy.healthy_deadline,
    )


def _stop_step(replica: Replica, grace: float) -> StopReplica:
    """Stop one replica, by its full id."""
    return StopReplica(
        host=replica.host,
        name=replica.name,
        id=replica.id,
        grace=grace,
        timeout=grace + STOP_MARGIN,
    )


def _remove_step(replica: Replica) -> RemoveReplica:
    """Remove one replica, by its full id."""
    return RemoveReplica(host=replica.host, name=replica.name, id=replica.id)


def _start_again(replicas: tuple[Replica, ...]) -> tuple[Step, ...]:
    running = (one for one in replicas if one.state == "running")
    return tuple(StartReplica(host=one.host, name=one.name) for one in running)


def _update_step(replica: Replica, live: Live) -> UpdateReplica:
    return UpdateReplica(
        host=replica.host,
        name=replica.name,
        id=replica.id,
        limits=live.limits,
        restart=live.restart,
    )


def _let_go(replicas: tuple[Replica, ...], grace: float) -> tuple[Step, ...]:
    return tuple(step for one in replicas for step in (_stop_step(one, grace), _remove_step(one)))


def find_grace(instance: Instance) -> float:
    """Give the seconds that a replica has to end when it is stopped."""
    container = instance.spec.container
    return container.stop_grace_period if container else DEFAULT_GRACE


def _pick_old(
    old: tuple[Replica, ...], revision: str
) -> tuple[tuple[Replica, ...], tuple[Replica, ...]]:
    """Tell the one replica that stays until the new one is healthy from those that are too many.

    One that serves comes first, then one that runs, then one that a rollout made, then one of
    another revision than the new one's.
    """
    best = sorted(
        old,
        key=lambda one: (
            not one.serving,
            one.state != "running",
            one.handmade,
            one.revision == revision,
            one.name,
        ),
    )
    return tuple(best[:1]), tuple(best[1:])


def _keeper(change: SlotChange) -> Replica:
    if change.keeper is None:  # pragma: no cover - compare_slot always names one
        raise AssertionError(change.action)
    return change.keeper

"""canary: a share of the replicas first, a look at them, then more.

The share is a share of replicas: without a router nothing else can be promised. A share that the
number of replicas cannot realise to within five points is refused by a guard.
"""

from __future__ import annotations

from agentgit.model.spec import CanaryStep, Rollout
from agentgit.plan.strategies.batch import Batch, Done, split_slots

TOLERANCE = 5.0  # percentage points between what is asked for and what can be had


def batch_canary(slots: tuple[int, ...], done: Done, policy: Rollout) -> tuple[Batch, ...]:
    """Give the batches of each step; slots that are `done` count towards the share."""
    if not slots:
        return ()
    total = len(slots) + done.slots
    stages = [
        (weight, count_nearest(weight, total), hold) for weight, hold in _stages(policy.steps)
    ]
    batches: list[Batch] = []
    reached = [(weight, hold) for weight, target, hold in stages if target <= done.slots]
    if reached and reached[-1][1] and reached[-1][0] not in done.passed:
        # An interrupted canary is looked at before it goes on, unless it has been already.
        weight, hold = reached[-1]
        batches.append(Batch(title=f"canary {weight} %", slots=(), hold=hold, weight=weight))
    taken = 0
    for weight, target, hold in stages[len(reached) :]:
        share = slots[taken : target - done.slots]
        batches += _batch(share, weight, total, policy, hold)
        taken += len(share)
    return (*batches, *_batch(slots[taken:], 100, total, policy, 0.0))


def count_nearest(weight: int, replicas: int) -> int:
    """Give the number of replicas nearest to a share of `weight` percent, at least one."""
    return max(1, round(weight * replicas / 100))


def count_canaries(weight: int, replicas: int) -> int | None:
    """Give the number of replicas nearest to a share; None when it is too far away."""
    count = count_nearest(weight, replicas)
    return count if abs(100 * count / replicas - weight) <= TOLERANCE else None


def _stages(steps: tuple[CanaryStep, ...]) -> list[tuple[int, float]]:
    """Pair every weight with the pauses that follow it."""
    stages: list[tuple[int, float]] = []
    for step in steps:
        if step.set_weight is not None:
            stages.append((step.set_weight, 0.0))
        elif step.pause is not None and stages:
            weight, hold = stages[-1]
            stages[-1] = (weight, hold + step.pause.duration)
    return stages


def _batch(
    slots: tuple[int, ...], weight: int, total: int, policy: Rollout, hold: float
) -> list[Batch]:
    """Cut one step's slots by maxSurge; only the last piece is looked at for `hold`."""
    runs = split_slots(slots, total, policy)
    return [
        Batch(
            title=f"canary {weight} %" if weight < 100 else "the rest",
            slots=run,
            stop_first=stop_first,
            hold=hold if run is runs[-1][0] else 0.0,
            weight=weight,
        )
        for run, stop_first in runs
    ]

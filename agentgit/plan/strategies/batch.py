"""Batches: the slots of one instance that change at the same time."""

from __future__ import annotations

from agentgit.model.spec import Rollout
from agentgit.model.value import Value


class Done(Value):
    """How far an interrupted rollout has come: slots that already run what is asked for.

    `passed` are the weights after which it has looked long enough.
    """

    slots: int = 0
    passed: frozenset[int] = frozenset()


class Batch(Value):
    """Slots that change side by side; those in `stop_first` lose their old replica first.

    `hold` is how long to look at the result, in seconds, before the next batch, and `weight` the
    share that is then reached. A batch without slots only looks at what already runs the new
    revision.
    """

    title: str
    slots: tuple[int, ...]
    stop_first: frozenset[int] = frozenset()
    hold: float = 0.0
    weight: int = 0


def count_share(share: int | str, replicas: int, *, up: bool) -> int:
    """Read `2` or `25%` of a number of replicas; percentages round up or down."""
    if isinstance(share, int):
        return share
    part = int(share.rstrip("%")) * replicas
    return -(-part // 100) if up else part // 100


def split_slots(
    slots: tuple[int, ...], replicas: int, policy: Rollout
) -> tuple[tuple[tuple[int, ...], frozenset[int]], ...]:
    """Cut slots into runs of at most maxSurge start-first and maxUnavailable stop-first ones."""
    surge = count_share(policy.max_surge, replicas, up=True)
    unavailable = count_share(policy.max_unavailable, replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # percentages of few replicas may both round to nothing
    size = surge + unavailable
    runs = (slots[start : start + size] for start in range(0, len(slots), size))
    return tuple((run, frozenset(run[surge:])) for run in runs)

"""rolling: a few slots at a time, within maxSurge and maxUnavailable."""

from __future__ import annotations

from agentgit.model.spec import Rollout
from agentgit.plan.strategies.batch import Batch, Done, split_slots


def batch_rolling(slots: tuple[int, ...], done: Done, policy: Rollout) -> tuple[Batch, ...]:
    """Cut the slots into batches; each must be healthy before the next begins."""
    total = len(slots) + done.slots
    return tuple(
        Batch(title="rolling", slots=run, stop_first=stop_first)
        for run, stop_first in split_slots(slots, total, policy)
    )

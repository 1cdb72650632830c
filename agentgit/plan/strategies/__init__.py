"""Rollout strategies: in which batches the slots of one instance change.

A strategy is one pure function in one file, and one line in `STRATEGIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agentgit.model.spec import Rollout
from agentgit.plan.strategies.batch import Batch, Done
from agentgit.plan.strategies.canary import batch_canary
from agentgit.plan.strategies.recreate import batch_recreate
from agentgit.plan.strategies.rolling import batch_rolling

# (slots to replace, in order; what is done already; policy) -> batches
Strategy = Callable[[tuple[int, ...], Done, Rollout], tuple[Batch, ...]]

STRATEGIES: Mapping[str, Strategy] = {
    "canary": batch_canary,
    "recreate": batch_recreate,
    "rolling": batch_rolling,
}

"""recreate: stop everything old, then start everything new. There is a gap."""

from __future__ import annotations

from agentgit.model.spec import Rollout
from agentgit.plan.strategies.batch import Batch, Done


def batch_recreate(slots: tuple[int, ...], done: Done, policy: Rollout) -> tuple[Batch, ...]:  # noqa: ARG001 - the signature of a strategy
    """Change all slots at once, stop-first."""
    return (Batch(title="recreate", slots=slots, stop_first=frozenset(slots)),)

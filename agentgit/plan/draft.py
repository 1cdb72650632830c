"""What guards look at: what is asked for, what was found, and the changes between the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agentgit.model.change import Change
from agentgit.model.desired import Desired
from agentgit.model.guards import Guard
from agentgit.model.observed import Observed
from agentgit.model.plan import Wave
from agentgit.plan.request import Evidence, PlanRequest


class Draft(NamedTuple):
    """A plan before it was judged; `placed` says which host carries which slot afterwards.

    `least` counts who serves at the worst moment, of each instance that serves now.
    """

    desired: Desired
    observed: Observed
    placed: Mapping[str, Mapping[int, str]]
    changes: Sequence[Change]
    waves: Sequence[Wave]
    least: Mapping[str, int]
    request: PlanRequest
    evidence: Evidence

    def allows(self, guard: Guard) -> bool:
        """Whether somebody lets a guard pass."""
        return guard in self.request.allow

    def serving(self, instance: str) -> int:
        """Count the slots of an instance that serve now."""
        return len({one.slot for one in self.observed.replicas_of(instance) if one.serving})

"""How long things take, where nobody has measured them: every number of a rehearsal is here.

The calls are what a small machine needs for them when it has little else to do; the rest is what
the configuration itself says of an agent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from agentgit.model.container import Container
from agentgit.model.observed import EngineKind
from agentgit.model.steps import EngineStep

FACTOR = 3.0  # a real rollout takes between a third of the estimate and three times as long
CALLS: Mapping[str, float] = {  # seconds, on Docker
    "ensure-image": 0.05,
    "check-room": 0.05,
    "ensure-network": 0.1,
    "ensure-volume": 0.05,
    "export-source": 0.2,
    "create-replica": 0.6,
    "start-replica": 0.5,
    "update-replica": 0.1,
    "stop-replica": 0.4,
    "remove-replica": 0.2,
    "remove-leftover": 0.2,
    "remove-image": 0.2,
}
SPEED: Mapping[EngineKind, float] = {"docker": 1.0, "podman": 1.5, "process": 0.3, "memory": 0.3}
ENDS = 0.3  # seconds that an agent needs to end when it is asked to
BOOTS = 1.0  # seconds until an agent answers, where no start_period is declared
START_SHARE = 0.5  # of its start_period that an agent needs, where one is declared
LOOKS = 0.2  # seconds between two checks of a process that is coming up


def estimate_call(step: EngineStep, engine: EngineKind) -> float:
    """Estimate the seconds that a step takes; an image is taken to be there."""
    seconds = CALLS[step.kind] * SPEED[engine]
    return seconds + min(ENDS, step.grace) if step.kind == "stop-replica" else seconds


def estimate_ready(container: Container | None, engine: EngineKind) -> float:
    """Estimate the seconds from start to healthy; without a health check it is so at once.

    An engine checks for the first time after one interval, processes are looked at all the time.
    """
    check = container.healthcheck if container else None
    if check is None:
        return 0.0
    boots = check.start_period * START_SHARE if check.start_period else BOOTS
    if engine == "process" or not check.interval:
        return boots + LOOKS
    return max(1, math.ceil(boots / check.interval)) * check.interval

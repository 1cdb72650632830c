"""How many replicas of each instance serve at the worst moment of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from agentgit.model.observed import Observed
from agentgit.model.plan import Wave
from agentgit.model.steps import AwaitHealthy, RemoveReplica, StopReplica


def count_least(observed: Observed, waves: Sequence[Wave]) -> Mapping[str, int]:
    """Count, for every instance that serves now, how many of its replicas do at the worst moment.

    Moves of a wave run side by side: at worst all of them have stopped what they stop before any
    of them has brought something up.
    """
    serving = {one.name: one.instance for one in observed.replicas if one.serving}
    now = Counter(serving.values())
    least = dict(now)
    for wave in waves:
        for part in ("prepare", "finish"):
            steps = [(move.instance, step) for move in wave.moves for step in getattr(move, part)]
            for _, step in steps:
                if isinstance(step, StopReplica | RemoveReplica) and step.name in serving:
                    name = serving.pop(step.name)
                    now[name] -= 1
                    if name in least:
                        least[name] = min(least[name], now[name])
            for name, step in steps:
                if isinstance(step, AwaitHealthy) and step.name not in serving:
                    serving[step.name] = name
                    now[name] += 1
    return least

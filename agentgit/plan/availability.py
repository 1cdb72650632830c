"""How many replicas of each instance serve at the worst moment of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentgit.model.observed import Observed
from agentgit.model.plan import Wave
from agentgit.model.steps import AwaitHealthy, RemoveReplica, Step, StopReplica


def count_least(observed: Observed, waves: Sequence[Wave]) -> Mapping[str, int]:
    """Count, for every instance that serves now, how many of its replicas do at the worst moment.

    Moves of a wave run side by side: at worst all of them have stopped what they stop before any
    of them has brought something up.
    """
    serving = {one.name: one.instance for one in observed.replicas if one.serving}
    least = _count(serving, {})
    for wave in waves:
        for part in ("prepare", "finish"):
            steps = [(move.instance, step) for move in wave.moves for step in getattr(move, part)]
            for _, step in steps:
                if isinstance(step, StopReplica | RemoveReplica):
                    serving.pop(step.name, None)
            now = _count(serving, least)
            least = {name: min(least[name], now[name]) for name in least}
            serving |= {step.name: name for name, step in steps if _brings_up(step)}
    return least


def _brings_up(step: Step) -> bool:
    return isinstance(step, AwaitHealthy)


def _count(serving: Mapping[str, str], known: Mapping[str, int]) -> dict[str, int]:
    counted = dict.fromkeys(known, 0)
    for instance in serving.values():
        counted[instance] = counted.get(instance, 0) + 1
    return counted

"""What carrying a plan out puts at risk."""

from __future__ import annotations

from typing import Literal

from agentgit.model.value import Value

Level = Literal["none", "low", "medium", "high"]


class Gap(Value):
    """An instance that nobody serves for a while, and why; an estimate, in seconds."""

    instance: str
    at_least: float
    at_most: float
    reason: str


class Risk(Value):
    """`level` is the highest of the `reasons`, each of which is a short phrase."""

    level: Level = "none"
    reasons: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

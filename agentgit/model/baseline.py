"""What replicas were right after they were started, so that a change by hand can be told."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.model.observed import EngineKind
from agentgit.model.value import Value

READER = 2  # grows when a fact is read otherwise, or another one is read
_OF_PROCESSES = 3  # the same, for what is read by the process provider


class Baseline(Value):
    """The facts of one environment's replicas on one host, by the replica's id.

    `engine` is the version of the engine that reported them, `reader` ours when it was written.
    """

    engine: str = ""
    reader: int = READER
    facts: Mapping[str, Mapping[str, str]] = {}


def tell_reader(engine: EngineKind) -> int:
    """Give the version of our reader of an engine's facts."""
    return _OF_PROCESSES if engine == "process" else READER

"""Looks at the engines after every change, without asking agentgit: what must always be true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgit.model.observed import Replica
from agentgit.model.steps import ReplicaSpec, Stamp
from agentgit.providers.memory import MemoryEngine
from tests.builders import PROJECT_ID

Found = tuple[Replica, ReplicaSpec]


class BrokenPromiseError(AssertionError):
    """Something was seen that must never be."""


@dataclass(frozen=True)
class Rules:
    """What a scenario promises.

    `minimum` is the least number of serving replicas of an instance; one that is not named may
    have a gap. `twins` is how many replicas of one slot and revision may be there at one time: two
    where a restart replaces a replica by its equal. One that has ended or is unhealthy does not
    count: it is repaired by an equal that comes up beside it. One that was never started does not
    either: whoever made it was killed. But a slot never has three.
    """

    minimum: Mapping[str, int] = field(default_factory=dict)
    twins: int = 1
    per_slot: int = 2  # old and new of one slot, never three
    fenced: bool = True


class Observer:
    """Checks the rules after every change of any engine; keeps what it found wrong."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.engines: dict[str, MemoryEngine] = {}
        self.wrong: list[str] = []
        self.changes = 0
        self.intruders: list[tuple[str, str]] = []  # changes by who did not hold the lease
        self._foreign: dict[str, Any] = {}

    def watch(self, host: str, replicas: Mapping[str, Found]) -> dict[str, Found]:
        """Give a dict that calls the observer at every change."""
        return _Watched(self, host, replicas)

    def settle(self) -> None:
        """Take what is there of others as what has to stay."""
        self._foreign = self._look_at_others()

    def look(self) -> None:
        """Check everything there is."""
        self.changes += 1
        mine = [
            one
            for engine in self.engines.values()
            for one, spec in list(engine.replicas.values())
            if spec.project_id == PROJECT_ID
        ]
        sound = [
            one
            for one in mine
            if one.state not in {"exited", "created"} and one.health != "unhealthy"
        ]
        alike = Counter((one.instance, one.slot, one.revision) for one in sound)
        for key, count in alike.items():
            if count > self.rules.twins:
                self._note(f"{count} replicas of {key[0]} in slot {key[1]}, revision {key[2][:6]}")
        for key, count in Counter((one.instance, one.slot) for one in mine).items():
            if count > self.rules.per_slot:
                self._note(f"{count} replicas of {key[0]} in slot {key[1]}")
        serving = Counter(one.instance for one in mine if one.serving)
        for name, least in self.rules.minimum.items():
            if serving[name] < least:
                self._note(f"only {serving[name]} of {name} serve, {least} are promised")
        if self._foreign and self._look_at_others() != self._foreign:
            self._note("something of others was touched")

    def check_stamp(self, host: str, step: Any, stamp: Stamp) -> None:
        """Whoever changes something holds the lease of that host, and says so in its stamp."""
        if not self.rules.fenced:
            return
        values = self.engines[host].stores[PROJECT_ID]._values
        leases = sorted(name for name in values if name.startswith("lease-"))
        if not leases:
            self.intruders.append((step.kind, stamp.rollout))
            self._note(f"{step.kind} by {stamp.rollout}: no lease of {host} belongs to anybody")
            return
        newest = json.loads(values[leases[-1]])
        if newest.get("rollout") != stamp.rollout or newest.get("released"):
            self.intruders.append((step.kind, stamp.rollout))
            self._note(
                f"{step.kind} by {stamp.rollout}, but {leases[-1]} belongs to "
                f"{newest.get('rollout')} (released: {newest.get('released')})"
            )
        numbers = [int(name.rpartition("-")[2]) for name in self._leases()]
        if stamp.fence > max(numbers):
            self._note(f"{step.kind} by {stamp.rollout} with fence {stamp.fence}, none has it")

    def _leases(self) -> list[str]:
        return [
            name
            for engine in self.engines.values()
            for name in engine.stores[PROJECT_ID]._values
            if name.startswith("lease-")
        ]

    def _note(self, what: str) -> None:
        if what not in self.wrong:
            self.wrong.append(what)

    def _look_at_others(self) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for host, engine in self.engines.items():
            seen[host] = (
                sorted(
                    (r.id, r.name, r.state)
                    for r, s in list(engine.replicas.values())
                    if s.project_id != PROJECT_ID
                ),
                sorted(one for one in engine.networks if one[0] != PROJECT_ID),
                sorted(one for one in engine.volumes if one[0] != PROJECT_ID),
                sorted(
                    (owner, sorted(store._values.items()))
                    for owner, store in engine.stores.items()
                    if owner != PROJECT_ID
                ),
            )
        return seen


class _Watched(dict[str, Found]):
    def __init__(self, observer: Observer, host: str, found: Mapping[str, Found]) -> None:
        super().__init__(found)
        self._observer = observer
        self._host = host

    def __setitem__(self, name: str, found: Found) -> None:
        super().__setitem__(name, found)
        self._observer.look()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._observer.look()

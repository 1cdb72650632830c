"""Watches on one's own clock whether the heartbeat of a lease goes on or stands still.

Clocks of other machines are never compared. What counts is for how long this watcher has seen a
lease unchanged; when that is the whole TTL, its holder has stopped itself for certain.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from agentgit.effects import Clock, HostStore
from agentgit.execute.lease_value import Seen, Times, read_newest

_SIDE_BY_SIDE = 16


class Watch:
    """Looks at all hosts again and again, and remembers since when each lease stands still."""

    def __init__(
        self, stores: Mapping[str, HostStore], environment: str, clock: Clock, times: Times
    ) -> None:
        self._stores = stores
        self._environment = environment
        self._clock = clock
        self._times = times
        self._seen: dict[str, Seen] = {}
        self._since: dict[str, float] = {}
        self._still: dict[str, float] = {}
        self._moved: set[str] = set()

    def look(self) -> tuple[Seen, ...]:
        """Read the newest lease on every host, in order of name. Raises EngineError."""
        asked = self._clock.monotonic()
        found = read_leases(self._stores, self._environment)
        for one in found:
            before = self._seen.get(one.host)
            if one != before:
                self._since[one.host] = self._clock.monotonic()
                self._still[one.host] = 0.0
                if before is not None and not one.released:
                    self._moved.add(one.host)
            else:
                self._still[one.host] = asked - self._since[one.host]
            self._seen[one.host] = one
        return found

    def seen(self, host: str) -> Seen:
        """Give what was read last on a host."""
        return self._seen[host]

    def still(self, host: str) -> float:
        """For how many seconds it was seen unchanged."""
        return self._still[host]

    def is_alive(self, host: str) -> bool:
        """Whether somebody was seen at work there, and not long ago."""
        return host in self._moved and self._still[host] < self._times.ttl / 2

    def busy(self) -> tuple[Seen, ...]:
        """Give the leases that are neither released nor abandoned."""
        return tuple(
            one
            for one in self._seen.values()
            if not one.released and self._still[one.host] < self._times.ttl
        )


def read_leases(stores: Mapping[str, HostStore], environment: str) -> tuple[Seen, ...]:
    """Read the newest lease on every host side by side, in order of name. Raises EngineError."""
    hosts = sorted(stores)
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        return tuple(pool.map(lambda host: read_newest(stores[host], environment, host), hosts))

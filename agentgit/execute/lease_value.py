"""What a lease says: its name ends in its number, its content names the holder and the heartbeat.

A value `lease-<environment>-<number>` lies on every host of the environment; the highest number
counts. A released one stays, marked, so that numbers only grow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from agentgit.effects import HostStore

_WIDTH = 6  # digits of the number, so that names sort
_LOOKS = 5  # a value that is listed and gone when it is read was replaced: look again


@dataclass(frozen=True)
class Times:
    """How long a lease lives, in seconds.

    `ttl` without a heartbeat makes it abandoned, `beat` lies between two heartbeats, `call` is
    what one call to a host may take, `look` lies between two looks of who waits, `way` is how
    long one waits at least for a rollout that was asked to make way.
    """

    ttl: float = 15.0
    beat: float = 2.0
    call: float = 5.0
    look: float = 0.5
    way: float = 60.0

    @property
    def own(self) -> float:
        """For how long a holder may rely on a renewal: shorter than anybody waits for it."""
        return self.ttl - self.call


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, for the message that others get.

    `commit` is what it applies, `yields` whether it makes way for a newer one; `machine` is where
    it runs.
    """

    actor: str
    rollout: str
    since: str
    commit: str = ""
    kind: str = "apply"
    yields: bool = False
    machine: str = ""


@dataclass(frozen=True)
class Seen:
    """The newest lease on a host as somebody reads it; `number` 0 where there is none."""

    host: str
    number: int = 0
    holder: Holder | None = None
    released: bool = True
    paused: bool = False
    content: bytes = b""

    @property
    def actor(self) -> str:
        """Name the holder; one that died before it wrote its name has none."""
        return self.holder.actor if self.holder else "somebody"


def prefix_of(environment: str) -> str:
    """Begin the name of every lease of an environment."""
    return f"lease-{environment}-"


def name_lease(environment: str, number: int) -> str:
    """Name the lease with that number."""
    return f"{prefix_of(environment)}{number:0{_WIDTH}d}"


def write_lease(
    holder: Holder, beat: int, *, released: bool = False, paused: bool = False
) -> bytes:
    """Write what a lease says."""
    value = {**asdict(holder), "beat": beat, "released": released, "paused": paused}
    return json.dumps(value, sort_keys=True).encode()


def read_newest(store: HostStore, environment: str, host: str) -> Seen:
    """Read the newest lease on a host."""
    for _ in range(_LOOKS):
        names = list_leases(store, environment)
        if not names:
            return Seen(host)
        content = store.read(names[-1])
        if content is not None:
            return _read(host, _number(names[-1]), content)
    return Seen(host, _number(names[-1]))  # replaced at every look: whoever tries finds out


def list_leases(store: HostStore, environment: str) -> tuple[str, ...]:
    """List the names of the leases of an environment, the newest last.

    Another environment's name may go on where this one's ends: `lease-eu-1` is not one of `eu`.
    """
    prefix = prefix_of(environment)
    return tuple(one for one in store.names(prefix) if one.removeprefix(prefix).isdigit())


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])


def _read(host: str, number: int, content: bytes) -> Seen:
    """Read a lease; one without content was never taken whole, but it is taken."""
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return Seen(host, number, None, released=False, content=content)
    return Seen(
        host,
        number,
        _read_holder(value),
        released=bool(value.get("released")),
        paused=bool(value.get("paused")),
        content=content,
    )


def _read_holder(value: Mapping[str, object]) -> Holder:
    """Take what is known of the holder; other versions of agentgit write here too."""
    texts = {one.name: str(value.get(one.name) or "") for one in fields(Holder)}
    del texts["yields"]
    return Holder(**{**texts, "kind": texts["kind"] or "apply"}, yields=bool(value.get("yields")))

"""The lease: the right to change one environment, held for a limited time.

On every host of the environment, in order of name, a value `lease-<environment>-<number>` is
created; that the host's engine lets a name exist only once is the compare-and-swap, and the
highest number is the fence. The holder counts a heartbeat up inside it. Whoever finds a lease
watches it on his own clock: while it moves somebody is at work; when it stands still for the
whole TTL its holder is gone, and the next number is taken. A holder that cannot renew for the
TTL less one call's time stops itself. A released lease stays, marked, so that numbers only grow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Event as Flag
from threading import Lock, Thread

from agentgit.effects import Clock, HostStore, Providers
from agentgit.errors import AgentgitError, EngineError, LeaseError
from agentgit.model.events import LeaseAwaited
from agentgit.model.value import Json, format_duration

TTL = 15.0  # seconds without a heartbeat after which a lease is abandoned
BEAT = 2.0  # seconds between two heartbeats
CALL = 5.0  # seconds that one call to a host may take
WIDTH = 6  # digits of the number, so that names sort


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, for the message that others get."""

    actor: str
    rollout: str
    since: str


@dataclass
class _Held:
    """A lease on one host, and when it was renewed last on the holder's clock."""

    store: HostStore
    name: str
    fence: int
    renewed: float


class Lease:
    """The lease of one environment on all its hosts.

    `take` it before anything changes and `release` it in any case. `lost` is set when it can no
    longer be renewed in time, or somebody has taken it: the holder must stop.
    """

    def __init__(
        self, providers: Providers, environment: str, holder: Holder, clock: Clock, lost: Flag
    ) -> None:
        self._stores = {host: providers[host].store for host in sorted(providers)}
        self._environment = environment
        self._holder = holder
        self._clock = clock
        self._lost = lost
        self._held: dict[str, _Held] = {}
        self._done = Flag()
        self._lock = Lock()
        self._beating = Thread(target=self._keep_beating, daemon=True)

    @property
    def fence(self) -> int:
        """The highest number that this lease has on any host."""
        return max((one.fence for one in self._held.values()), default=0)

    def take(self) -> Iterator[LeaseAwaited]:
        """Take the lease on every host; tells when it has to wait for an abandoned one.

        Raises LeaseError when somebody else is at work.
        """
        held = {host: content for host in self._stores if (content := self._newest(host)[1])}
        if held:
            yield LeaseAwaited(environment=self._environment, hosts=tuple(held), seconds=TTL)
            self._await_free(held)
        self._beating.start()
        for host, store in self._stores.items():
            self._take(host, store, held.get(host))

    def release(self, *, forget: bool = False) -> None:
        """Let go, so that the next one need not wait; `forget` removes every trace of it.

        A host that is away keeps a lease that is abandoned after the TTL.
        """
        self._done.set()
        if self._beating.ident is not None:
            self._beating.join()
        for one in self._held.values():
            try:
                if forget:
                    one.store.delete(one.name)
                else:
                    one.store.write(one.name, _content(self._holder, -1, released=True))
            except (EngineError, KeyError):
                continue

    def _newest(self, host: str) -> tuple[str, Mapping[str, Json] | None]:
        """Give the newest lease on a host, and its content unless it is released."""
        names = self._stores[host].names(_prefix(self._environment))
        content = _read(self._stores[host], names[-1]) if names else {"released": True}
        return names[-1] if names else "", None if content.get("released") else content

    def _await_free(self, held: Mapping[str, Mapping[str, Json]]) -> None:
        """Return when all are released or abandoned; raise as soon as one is seen to move."""
        began = self._clock.monotonic()
        watched = dict(held)
        while watched and self._clock.monotonic() - began < TTL:
            self._clock.sleep(BEAT / 4)
            for host, first in list(watched.items()):
                now = self._newest(host)[1]
                if now is None:
                    del watched[host]
                elif now != first:
                    raise _taken(host, self._environment, now)

    def _take(self, host: str, store: HostStore, abandoned: Mapping[str, Json] | None) -> None:
        prefix = _prefix(self._environment)
        names = store.names(prefix)
        newest, content = self._newest(host)
        if content is not None and content != abandoned:
            raise _taken(host, self._environment, content)
        fence = int(newest.rsplit("-", 1)[1]) + 1 if newest else 1
        name = f"{prefix}{fence:0{WIDTH}d}"
        if not store.create(name, _content(self._holder, 0)):
            raise _taken(host, self._environment, _read(store, name))
        with self._lock:
            self._held[host] = _Held(store, name, fence, self._clock.monotonic())
        last = store.names(prefix)[-1]
        if last != name:  # what was seen as free had meanwhile been taken and given back again
            store.delete(name)
            raise _taken(host, self._environment, _read(store, last))
        for old in names:
            store.delete(old)

    def _keep_beating(self) -> None:
        count = 0
        while not self._done.wait(BEAT):
            count += 1
            with self._lock:
                held = list(self._held.values())
            for one in held:
                self._beat(one, count)

    def _beat(self, one: _Held, count: int) -> None:
        """Renew one lease; tried again at the next beat until the time is over."""
        try:
            one.store.write(one.name, _content(self._holder, count))
            one.renewed = self._clock.monotonic()
        except KeyError:
            self._lost.set()  # somebody has taken it over
        except AgentgitError:
            if self._clock.monotonic() - one.renewed > TTL - CALL:
                self._lost.set()


def _taken(host: str, environment: str, content: Mapping[str, Json]) -> LeaseError:
    who = content.get("actor", "somebody")
    return LeaseError(
        f"{environment} is being changed by {who} since {content.get('since', 'just now')} "
        f"(rollout {content.get('rollout', 'unknown')}, seen on {host})",
        hint="wait until that rollout has ended; an abandoned one is taken over after "
        + format_duration(TTL),
    )


def _prefix(environment: str) -> str:
    return f"lease-{environment}-"


def _content(holder: Holder, beat: int, *, released: bool = False) -> bytes:
    value = {
        "actor": holder.actor,
        "rollout": holder.rollout,
        "since": holder.since,
        "beat": beat,
        "released": released,
    }
    return json.dumps(value, sort_keys=True).encode()


def _read(store: HostStore, name: str) -> Mapping[str, Json]:
    """Read a lease; one that is gone was released, one without content was never taken whole."""
    raw = store.read(name)
    if raw is None:
        return {"released": True}
    try:
        content = json.loads(raw)
    except ValueError:
        content = {}
    return content if isinstance(content, dict) else {}

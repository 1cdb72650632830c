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
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Flag
from threading import Thread

from agentgit.effects import Clock, HostStore, Providers
from agentgit.errors import AgentgitError, EngineError, LeaseError
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
class Held:
    """A lease on one host."""

    host: str
    store: HostStore
    name: str
    fence: int


@contextmanager
def hold_lease(
    providers: Providers, environment: str, holder: Holder, clock: Clock, lost: Flag
) -> Iterator[int]:
    """Hold the lease of an environment on all its hosts; gives the fence.

    `lost` is set when the lease can no longer be renewed in time: the holder must stop. Raises
    LeaseError when somebody else is at work.
    """
    held: list[Held] = []
    done = Flag()
    beat = Thread(target=_keep_beating, args=(held, holder, clock, done, lost), daemon=True)
    try:
        for host in sorted(providers):
            held.append(  # noqa: PERF401 - what is taken must be released when the next fails
                _take(host, providers[host].store, environment, holder, clock)
            )
        beat.start()
        yield max(one.fence for one in held)
    finally:
        done.set()
        if beat.ident is not None:
            beat.join()
        for one in held:
            _release(one, holder)


def read_holder(store: HostStore, environment: str) -> Mapping[str, Json] | None:
    """Tell who holds the newest lease on a host; None when nobody does."""
    names = store.names(_prefix(environment))
    content = _read(store, names[-1]) if names else {"released": True}
    return None if content.get("released") else content


def _take(host: str, store: HostStore, environment: str, holder: Holder, clock: Clock) -> Held:
    names = store.names(_prefix(environment))
    if names:
        _wait_until_free(host, store, names[-1], environment, clock)
    fence = int(names[-1].rsplit("-", 1)[1]) + 1 if names else 1
    name = f"{_prefix(environment)}{fence:0{WIDTH}d}"
    if not store.create(name, _content(holder, 0)):
        raise _taken(host, environment, _read(store, name))
    newest = store.names(_prefix(environment))[-1]
    if newest != name:  # what was seen as released had meanwhile been taken and given back again
        store.delete(name)
        raise _taken(host, environment, _read(store, newest))
    for old in names:
        store.delete(old)
    return Held(host, store, name, fence)


def _wait_until_free(
    host: str, store: HostStore, name: str, environment: str, clock: Clock
) -> None:
    """Return when the lease is released or abandoned; raise as soon as it is seen to move."""
    first = _read(store, name)
    began = clock.monotonic()
    while not first.get("released") and clock.monotonic() - began < TTL:
        clock.sleep(BEAT / 4)
        now = _read(store, name)
        if now != first and not now.get("released"):
            raise _taken(host, environment, now)
        if now != first:
            return


def _taken(host: str, environment: str, content: Mapping[str, Json]) -> LeaseError:
    who = content.get("actor", "somebody")
    return LeaseError(
        f"{environment} is being changed by {who} since {content.get('since', 'just now')} "
        f"(rollout {content.get('rollout', 'unknown')}, seen on {host})",
        hint="wait until that rollout has ended; an abandoned one is taken over after "
        + format_duration(TTL),
    )


def _keep_beating(held: list[Held], holder: Holder, clock: Clock, done: Flag, lost: Flag) -> None:
    """Count up in every lease; set `lost` when one could not be renewed in time."""
    count = 0
    renewed = {one.host: clock.monotonic() for one in held}
    while not done.wait(BEAT):
        count += 1
        for one in held:
            try:
                one.store.write(one.name, _content(holder, count))
                renewed[one.host] = clock.monotonic()
            except (AgentgitError, KeyError):
                continue  # tried again at the next beat, until the time is over
        if any(clock.monotonic() - at > TTL - CALL for at in renewed.values()):
            lost.set()


def _release(one: Held, holder: Holder) -> None:
    """Mark the lease as released; if the host is away it is abandoned after the TTL."""
    try:
        one.store.write(one.name, _content(holder, -1, released=True))
    except (EngineError, KeyError):
        return


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

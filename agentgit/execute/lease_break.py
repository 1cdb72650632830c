"""Taking a lease away from its holder, whether it is alive or not."""

from __future__ import annotations

from agentgit.effects import Clock, Providers
from agentgit.errors import LeaseError
from agentgit.execute.host_lease import HostLease
from agentgit.execute.lease_value import Holder, Seen, Times
from agentgit.execute.lease_watch import read_leases

_TRIES = 20  # a lease may be given on while it is being broken


def break_lease(
    providers: Providers, environment: str, breaker: Holder, clock: Clock, times: Times
) -> tuple[Seen, ...]:
    """Take every held lease of an environment away; gives what was broken, empty for nothing.

    The next number is held for a whole TTL before it is released: by then the broken holder has
    noticed, or has stopped itself because it could not renew any more. So nobody ever works
    beside it. Raises LeaseError when others go on taking it, EngineError.
    """
    stores = {host: providers[host].store for host in sorted(providers)}
    broken = tuple(one for one in read_leases(stores, environment) if not one.released)
    parts = [
        HostLease(one.host, stores[one.host], environment, breaker, clock, times) for one in broken
    ]
    try:
        for part in parts:
            _seize(part)
        until = clock.monotonic() + times.ttl
        while parts and clock.monotonic() < until:
            clock.sleep(times.look)
    finally:
        for part in parts:
            part.put_down(forget=False, paused=False)
    return broken


def _seize(part: HostLease) -> None:
    for _ in range(_TRIES):
        rival = part.seize()
        if rival is None:
            return
    raise LeaseError(
        f"the lease of {part.environment} on {part.host} is taken again and again",
        hint=f"agentgit lock show -e {part.environment} says by whom",
    )

"""Puts down leases that an ended rollout has left: it was killed after its end was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from agentgit.effects import Clock, Providers
from agentgit.errors import EngineError
from agentgit.execute.host_lease import HostLease
from agentgit.execute.lease_value import Times, read_newest
from agentgit.model.rollout import RolloutRecord
from agentgit.workflow.identity import forget_host


def settle_leases(
    providers: Providers, environment: str, ended: Iterable[RolloutRecord], clock: Clock
) -> None:
    """Release the leases of rollouts that have `ended`; of a destroy nothing stays at all.

    To let go is all that such a rollout had left to do, so nobody can be at it. A host that is
    silent keeps a lease that is abandoned after its time.
    """
    kinds = {one.id: (one.kind, one.outcome) for one in ended}
    for host in sorted(providers) if kinds else ():
        with suppress(EngineError):
            store = providers[host].store
            seen = read_newest(store, environment, host)
            if seen.holder is None or seen.released or seen.holder.rollout not in kinds:
                continue
            part = HostLease(host, store, environment, seen.holder, clock, Times(), seen.number)
            forget = kinds[seen.holder.rollout] == ("destroy", "succeeded")
            if forget:
                forget_host(store, environment)
            part.put_down(forget=forget, paused=False)

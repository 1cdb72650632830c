"""A rollout under its lease: may it go on, the pauses it makes without it, what it has passed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agentgit.effects import Clock, Providers
from agentgit.errors import DefiniteError, EngineError
from agentgit.execute.lease import Lease
from agentgit.execute.retry import retry
from agentgit.model.events import Superseded
from agentgit.model.steps import Hold, Stamp
from agentgit.plan.digest import digest_live
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.progress import note_passages


class Leased:
    """What execution asks (`execute.hooks.Guard`), answered by the lease and the hosts."""

    def __init__(self, lease: Lease, providers: Providers, environment: str, clock: Clock) -> None:
        self._lease = lease
        self._providers = providers
        self._environment = environment
        self._clock = clock

    def check(self) -> None:
        """Raise LostLeaseError when nothing more may be changed."""
        self._lease.check()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let go of the lease for a pause; afterwards the same replicas must be there.

        Raises SupersededError when somebody else took the lease meanwhile, DefiniteError when
        somebody changed something without it.
        """
        before = self._identify()
        with self._lease.aside():
            yield
        if self._identify() != before:
            raise DefiniteError(
                f"what runs in {self._environment} was changed by hand during the pause",
                hint="the same command looks again and goes on from what is there",
            )

    def passed(self, hold: Hold) -> None:
        """Remember a pause that is over, on the hosts that took part. Raises LostLeaseError."""
        note_passages(self._providers, self._environment, hold)

    def renew_stamp(self, stamp: Stamp) -> Stamp:
        """Give a stamp the number that the lease has now."""
        return stamp.model_copy(update={"fence": self._lease.fence})

    def makes_way_for(self) -> Superseded | None:
        """Tell who asked to stop with a newer commit."""
        return self._lease.makes_way_for

    def _identify(self) -> frozenset[tuple[str, str, str]]:
        """Tell replicas apart, however they are: a crash is judged by who looks at them."""
        seen: set[tuple[str, str, str]] = set()

        def look(_: int) -> None:
            observed = observe_hosts(self._providers, self._environment)
            for one in observed.unreachable:
                raise EngineError(one.reason, hint=one.hint)
            seen.update((one.host, one.id, digest_live(one.live)) for one in observed.replicas)

        retry(look, self._clock, lambda: False, lambda *_: None)
        return frozenset(seen)

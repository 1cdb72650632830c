"""Who holds the lease of an environment, as somebody sees it who looks for a while."""

from __future__ import annotations

from typing import Literal

from agentgit.model.value import Value

LockState = Literal["free", "paused", "beating", "still", "unknown"]


class HostLock(Value):
    """The lease on one host; `number` is the fence, 0 where there never was one.

    `paused` means that its holder has laid it aside for a pause, so that anybody may take it.
    `still` is for how many seconds it was seen without a heartbeat. `unknown` is a host that does
    not answer, for the reason in `reason`; nobody can take its lease meanwhile.
    """

    host: str
    number: int
    state: LockState
    actor: str = ""
    rollout: str = ""
    kind: str = ""
    commit: str = ""
    since: str = ""
    machine: str = ""
    still: float = 0.0
    reason: str = ""


class Lock(Value):
    """The lease on every host; one that stands still for `ttl` seconds is taken over."""

    environment: str
    ttl: float
    hosts: tuple[HostLock, ...]

    @property
    def holders(self) -> tuple[HostLock, ...]:
        """Where somebody holds it."""
        return tuple(one for one in self.hosts if one.state in {"beating", "still"})

    @property
    def silent(self) -> tuple[HostLock, ...]:
        """Where it is not known who holds it."""
        return tuple(one for one in self.hosts if one.state == "unknown")

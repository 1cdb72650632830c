"""Waiting for health, and looking at it for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from agentgit.effects import Clock, Provider, Providers
from agentgit.errors import AgentgitError, DefiniteError, EngineError, ReplicaError
from agentgit.execute.retry import PATIENCE
from agentgit.model.observed import Replica
from agentgit.model.steps import AwaitHealthy
from agentgit.model.value import format_duration

POLL = 0.1  # seconds between two looks at a replica that is coming up
LOOK = 0.5  # seconds between two looks during a pause
DOUBT = 1.0  # seconds before a replica is looked at again that seems to have failed
MAX_RESTARTS = 3  # an engine may restart a new replica that often before it counts as crashing

Stopped = Callable[[], bool]


class InterruptedStepError(Exception):
    """Somebody asked to stop while a step was waiting."""


class HeldReplicaError(Exception):
    """A replica failed while it was looked at."""

    def __init__(self, host: str, name: str, error: AgentgitError) -> None:
        super().__init__(name)
        self.host = host
        self.name = name
        self.error = error


def await_healthy(
    step: AwaitHealthy,
    provider: Provider,
    clock: Clock,
    stopped: Stopped,
    *,
    after_outage: bool = False,
) -> Replica:
    """Give the replica when one run of it has been serving for `min_healthy_time` without a break.

    Raises ReplicaError when it ends, crashes again and again, is unhealthy, is gone, or the
    timeout is over. `after_outage`: its engine did not answer a moment ago.
    """
    began = clock.monotonic()
    since: float | None = None
    ended_with: int | None = None
    run = ""
    while True:
        replica = _look_at(provider, step.name, clock, ended_with, after_outage=after_outage)
        after_outage = False
        if f"{replica.restarts} {replica.started_at}" != run:
            run, since = f"{replica.restarts} {replica.started_at}", None  # it began again
        if replica.exit_code is not None:
            ended_with = replica.exit_code  # seen between two runs; a running one has none
        now = clock.monotonic()
        since = (now if since is None else since) if replica.serving else None
        if since is not None and now - since >= step.min_healthy_time:
            return replica
        if now - began >= step.timeout:
            provider.knock()
            raise ReplicaError(
                f"{step.name} did not become healthy within {format_duration(step.timeout)}"
                + _say_probe(replica)
            )
        if stopped():
            raise InterruptedStepError
        clock.sleep(POLL)


def hold(
    replicas: Iterable[tuple[str, str]],
    until: float,
    providers: Providers,
    clock: Clock,
    stopped: Stopped,
) -> Iterator[EngineError]:
    """Look at replicas `until` that moment; raises HeldReplicaError when one fails meanwhile.

    An engine that does not answer is waited for, and told of once each time. Raises EngineError
    when it stays away for longer than PATIENCE.
    """
    watched = tuple(replicas)
    away: float | None = None
    while True:
        try:
            _look_at_all(watched, providers, clock, after_outage=away is not None)
            away = None
        except EngineError as error:
            now = clock.monotonic()
            if error.is_definite or (away is not None and now - away >= PATIENCE):
                raise
            if away is None:
                away = now
                yield error
        left = until - clock.monotonic()
        if left <= 0 and away is None:
            return
        if stopped():
            raise InterruptedStepError
        clock.sleep(LOOK if away is not None else min(LOOK, left))


def _look_at_all(
    replicas: Iterable[tuple[str, str]], providers: Providers, clock: Clock, *, after_outage: bool
) -> None:
    for host, name in replicas:
        try:
            _look_at(providers[host], name, clock, after_outage=after_outage)
        except ReplicaError as error:
            raise HeldReplicaError(host, name, error) from error


def _look_at(
    provider: Provider,
    name: str,
    clock: Clock,
    ended_with: int | None = None,
    *,
    after_outage: bool = False,
) -> Replica:
    """Give a replica as it is; raises ReplicaError when it has failed, also at a second look.

    An engine that goes down takes its replicas with it, which is no fault of theirs: so it must
    still be there. Raises EngineError when it is not.
    """
    if after_outage:
        provider.knock()  # one that goes down may still answer a connection that it has
    replica = provider.replica(name)
    if after_outage:
        check_survived(replica)
    with suppress(ReplicaError):
        return check_alive(replica, name, ended_with)
    if replica is not None and replica.exit_code is not None:
        ended_with = replica.exit_code
    clock.sleep(DOUBT)
    provider.knock()
    return check_alive(provider.replica(name), name, ended_with)


def check_survived(replica: Replica | None) -> None:
    """Raise DefiniteError for a replica that its engine took down with it.

    Nobody knows how it would have done, so it is not held against the revision.
    """
    if replica is not None and replica.state == "exited":
        raise DefiniteError(
            f"{replica.name} ended while its engine did not answer, so nothing can be said of it",
            hint="run the same command again: what has ended is started again",
        )


def check_alive(replica: Replica | None, name: str, ended_with: int | None = None) -> Replica:
    """Raise ReplicaError for a replica that is gone, has ended, keeps crashing or is unhealthy.

    Gives any other one. `ended_with` is the exit code of an earlier run, where it was seen.
    Docker calls a replica unhealthy that it is about to restart: what it ended with says more
    than that.
    """
    if replica is None:
        raise ReplicaError(f"{name} is gone: somebody removed it")
    if replica.state == "exited":
        code = "" if replica.exit_code is None else f" with exit code {replica.exit_code}"
        why = f": {replica.error}" if replica.error else ""
        raise ReplicaError(f"{name} ended{code}{why}")
    if replica.restarts >= MAX_RESTARTS:
        last = replica.exit_code if replica.exit_code is not None else ended_with
        code = "" if last is None else f", last ended with exit code {last}"
        raise ReplicaError(f"{name} keeps crashing: restarted {replica.restarts} times{code}")
    if replica.health == "unhealthy" and replica.state != "restarting":
        raise ReplicaError(f"{name} is unhealthy{_say_probe(replica)}")
    return replica


def _say_probe(replica: Replica) -> str:
    """Quote what the health check said last."""
    if replica.probe:
        return f": its health check says: {replica.probe}"
    return ": its health check fails" if replica.health == "unhealthy" else ""

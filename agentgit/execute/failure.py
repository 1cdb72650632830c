"""Whose fault was it? The revision's (health, crash) or the world's (engine, registry, disk)."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.effects import Providers
from agentgit.errors import AgentgitError, ReplicaError
from agentgit.model.observed import Replica
from agentgit.model.rollout import Failure

LOG_LINES = 8  # how much of a failed replica's log is evidence


def classify_failure(  # noqa: PLR0913 - a failure has that many parts
    error: Exception,
    *,
    instance: str,
    host: str,
    step: str,
    target: str,
    providers: Providers,
    revisions: Mapping[str, str],
) -> Failure:
    """Describe a failed step, with the last lines of the replica's log when it is to blame.

    An empty `instance` is that of the replica. `revisions` says, by replica and by instance, what
    is to blame where the replica is gone.
    Raises the error again when nobody but agentgit can have caused it.
    """
    if not isinstance(error, AgentgitError):
        raise error
    guilty = isinstance(error, ReplicaError)
    replica = _look(providers, host, target) if guilty else None
    return Failure(
        instance=instance or (replica.instance if replica else ""),
        host=host,
        replica=target,
        revision=_find_revision(replica, revisions, target, instance) if guilty else "",
        step=step,
        message=error.message.removeprefix(f"{host}: "),  # `host` says it already
        hint=error.hint or "",
        fault="revision" if guilty else "world",
        log=_read_log(providers, host, target) if guilty else (),
    )


def _find_revision(
    replica: Replica | None, revisions: Mapping[str, str], target: str, instance: str
) -> str:
    if replica is not None:
        return replica.revision
    return revisions.get(target) or revisions.get(instance, "")


def _look(providers: Providers, host: str, name: str) -> Replica | None:
    try:
        return providers[host].replica(name)
    except AgentgitError:
        return None  # evidence is welcome, never required


def _read_log(providers: Providers, host: str, name: str) -> tuple[str, ...]:
    try:
        return tuple(providers[host].logs(name, tail=LOG_LINES))
    except AgentgitError as error:
        return (f"(its log cannot be read: {error.message})",)

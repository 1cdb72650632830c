"""Finds hosts that are not those they were: what ran there is unknown, never empty.

An engine is known by its identity, whatever its name or endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agentgit.errors import GuardError
from agentgit.model.observed import HostState, Observed
from agentgit.model.refusal import Refusal
from agentgit.plan.pointing import point_at, point_at_environment
from agentgit.plan.refusal import raise_refused
from agentgit.plan.request import Evidence, PlanRequest


class _Lost(NamedTuple):
    """What is lost with a host, and what brings it back."""

    message: str
    way: str


def check_twins(observed: Observed) -> None:
    """Refuse to plan while one engine is seen twice: nobody can count its replicas then."""
    names: dict[str, str] = {}
    for state in observed.hosts:
        other = names.setdefault(state.identity, state.host) if state.identity else state.host
        if other != state.host:
            raise GuardError(
                f"{other} and {state.host} are one engine under two names: each replica would "
                "count twice",
                point_at_environment(observed.environment),
                "keep one of the two names",
            )


def check_hosts(observed: Observed, request: PlanRequest, evidence: Evidence) -> None:
    """Refuse to say anything where replicas are lost from sight. Raises GuardError."""
    raise_refused(tuple(refuse_lost_hosts(observed, request, evidence)))


def refuse_lost_hosts(
    observed: Observed, request: PlanRequest, evidence: Evidence
) -> Iterator[Refusal]:
    """Refuse to lose sight of replicas.

    A host that carried replicas when the last rollout ended and is now another one, or has
    nothing that we ever left there, is lost.
    """
    if "lost-hosts" in request.allow:
        return
    states = {state.host: state for state in observed.hosts}
    there = {state.identity for state in observed.hosts}
    for host, engine in sorted(request.known_hosts.items()):
        identity = request.identities.get(host, "")
        if identity and identity in there:
            continue
        lost = _describe(observed.environment, host, engine, identity, states.get(host))
        if lost is not None:
            yield _refuse(observed.environment, host, lost, evidence)


def _describe(
    environment: str, host: str, engine: str, identity: str, state: HostState | None
) -> _Lost | None:
    """Compare a host with what carried replicas; None where it is that one."""
    if state is None:
        return _Lost(
            f"{host} carries replicas of {environment} and is not in environment.yaml any more",
            f"put {host} back, take away the labels that place replicas there, and apply; then "
            "remove it",
        )
    if state.engine != engine:
        return _Lost(
            f"the replicas of {environment} on {host} run on {engine}, and the host means "
            f"{state.engine} now",
            f"set engine: {engine} again; to change it, move the replicas to another host first, "
            f"or agentgit destroy -e {environment}",
        )
    if identity and (state.identity or not state.replicas):
        return _Lost(
            f"{host} is not the host that carries replicas of {environment}: it means another "
            "engine or folder now, or all that was there is gone",
            f"correct engine and endpoint of {host}",
        )
    return None


def _refuse(environment: str, host: str, lost: _Lost, evidence: Evidence) -> Refusal:
    origin = evidence.environment_place(("hosts", host))
    place = point_at(origin) if origin else point_at_environment(environment)
    return Refusal(
        name="lost-hosts",
        guard="lost-hosts",
        message=f"{lost.message}; nobody would look after them",
        hint=f"{lost.way}; if what ran there is gone for good: agentgit apply -e {environment} "
        "--allow lost-hosts",
        path=place.path,
        line=place.line,
        column=place.column,
    )

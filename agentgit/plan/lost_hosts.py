"""Hosts that are not what they were: what runs there is unknown, never nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentgit.errors import EngineError, GuardError
from agentgit.model.observed import HostState, Observed, Unreachable
from agentgit.plan.pointing import point_at, point_at_environment
from agentgit.plan.request import Evidence, PlanRequest


def find_lost(
    observed: Observed, hosts: Mapping[str, str], identities: Mapping[str, str]
) -> tuple[Unreachable, ...]:
    """Find those of the `hosts` that carried replicas which are others now, or are not declared.

    `hosts` gives their engines as the last rollout left them. An engine is known by its identity,
    whatever its name or endpoint; one that carried replicas and has nothing that we ever left
    there is not that engine.
    """
    there = {state.identity for state in observed.hosts}
    silent = {one.host for one in observed.unreachable}
    away = (one for one in sorted(hosts) if one not in silent)
    return tuple(_find_lost(observed, hosts, identities, there, away))


def leave_out(observed: Observed, lost: Sequence[Unreachable]) -> Observed:
    """Take what was seen of lost hosts for nothing that is known of them."""
    names = {one.host for one in lost}
    return observed.model_copy(
        update={
            "hosts": tuple(state for state in observed.hosts if state.host not in names),
            "unreachable": (*observed.unreachable, *lost),
        }
    )


def check_reachable(observed: Observed) -> None:
    """Refuse to go on where a host is silent or lost: what runs there is not known."""
    silent = [one for one in observed.unreachable if not one.lost]
    if silent:
        names = ", ".join(one.host for one in silent)
        reason = silent[0].reason.removeprefix(f"{silent[0].host}: ")
        what_to_do = silent[0].hint or "agentgit doctor shows which engines answer"
        raise EngineError(
            f"{names} of {observed.environment} cannot be reached: {reason}",
            hint=f"{what_to_do}; nothing was changed",
        )
    for one in observed.unreachable:
        raise EngineError(f"{one.reason}; what runs there is not known", hint=one.hint)


def check_hosts(observed: Observed, request: PlanRequest, evidence: Evidence) -> None:
    """Refuse to plan what may lose sight of replicas, or see them twice.

    Raises EngineError for a host that is silent, GuardError for one that is lost: that may be
    allowed.
    """
    lost = [one for one in observed.unreachable if one.lost]
    if len(lost) < len(observed.unreachable):
        check_reachable(observed)
    for one in lost:
        name, origin = observed.environment, evidence.environment_place(("hosts", one.host))
        raise GuardError(
            f"{one.reason}; nobody would look after them",
            point_at(origin) if origin else point_at_environment(name),
            f"{one.hint}; if what ran there is gone for good: "
            f"{request.again or f'agentgit apply -e {name}'} --allow lost-hosts",
        )
    _check_twins(observed)


def _find_lost(
    observed: Observed,
    hosts: Mapping[str, str],
    identities: Mapping[str, str],
    there: set[str],
    names: Iterator[str],
) -> Iterator[Unreachable]:
    states = {state.host: state for state in observed.hosts}
    for host in names:
        identity = identities.get(host, "")
        if not (identity and identity in there):
            said = _say_lost(host, hosts[host], states.get(host), identity, observed.environment)
            if said is not None:
                yield Unreachable(host=host, reason=said[0], hint=said[1], lost=True)


def _say_lost(
    host: str, engine: str, state: HostState | None, identity: str, environment: str
) -> tuple[str, str] | None:
    """Say why a host is lost, and what to do; None where it is not."""
    if state is None:
        why = f"{host} carries replicas of {environment} and is not in environment.yaml any more"
        return why, f"put {host} back; to leave it, add another host, {_MOVE}, then remove {host}"
    other = f"add the new one under a second name, {_MOVE}, then remove {host}"
    if state.engine != engine:
        why = (
            f"the replicas of {environment} on {host} run on {engine}, and the host means "
            f"{state.engine} now"
        )
        return why, f"set engine: {engine} again; to change it, {other}"
    if identity and (state.identity or not state.replicas):
        why = (
            f"{host} is not the host that carries replicas of {environment}: it means another "
            "engine or folder now, or all that was there is gone"
        )
        return why, f"correct engine and endpoint of {host}; to move it, {other}"
    return None


_MOVE = "give that a label, name it in placement.matchLabels of the instances and apply"


def _check_twins(observed: Observed) -> None:
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

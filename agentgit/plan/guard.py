"""What cannot be carried out is refused here, with the way named in the hint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from agentgit.errors import ConfigError, EngineError, GuardError, Location, UsageError
from agentgit.model.container import Port
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import HostState, Observed
from agentgit.model.refusal import Refusal
from agentgit.plan.pointing import point_at_environment, point_into
from agentgit.plan.request import Evidence, PlanRequest
from agentgit.plan.strategies.canary import count_canaries


def check_reachable(observed: Observed) -> None:
    """Refuse to plan while a host does not answer: what runs there is unknown, never nothing."""
    if observed.unreachable:
        first = observed.unreachable[0]
        names = ", ".join(one.host for one in observed.unreachable)
        reason = first.reason.removeprefix(f"{first.host}: ")
        what_to_do = first.hint or "agentgit doctor shows which engines answer"
        raise EngineError(
            f"{names} of {observed.environment} cannot be reached: {reason}",
            hint=f"{what_to_do}; nothing was changed",
        )


def check_known(desired: Desired, observed: Observed, names: frozenset[str]) -> None:
    """Refuse names that are neither declared nor running."""
    known = {one.name for one in desired.instances} | {one.instance for one in observed.replicas}
    for name in sorted(names - known):
        near = get_close_matches(name, sorted(known), 1)
        listed = f"instances: {', '.join(sorted(known))}" if known else "there is none at all"
        hint = f"did you mean {near[0]}?" if near else listed
        raise UsageError(f"{desired.environment} has no instance {name}", hint=hint)


def check_hosts(observed: Observed, request: PlanRequest) -> None:
    """Refuse to lose sight of replicas, and to see them twice.

    An engine is known by its identity, whatever its name or endpoint. A host that carried
    replicas when the last rollout ended and is now another one, or has nothing that we ever left
    there, is unknown, never empty.
    """
    _check_twins(observed)
    if "lost-hosts" in request.allow:
        return
    states = {state.host: state for state in observed.hosts}
    there = {state.identity for state in observed.hosts}
    for host, engine in sorted(request.known_hosts.items()):
        identity, state = request.identities.get(host, ""), states.get(host)
        if identity and identity in there:
            continue
        if state is None:
            raise _lost(
                observed,
                f"{host} carries replicas of {observed.environment} and is not in "
                "environment.yaml any more",
                f"put {host} back, take away the labels that place replicas there, and apply; "
                "then remove it",
            )
        if state.engine != engine:
            raise _lost(
                observed,
                f"the replicas of {observed.environment} on {host} run on {engine}, and the host "
                f"means {state.engine} now",
                f"set engine: {engine} again; to change it, move the replicas to another host "
                f"first, or agentgit destroy -e {observed.environment}",
            )
        if identity and (state.identity or not state.replicas):
            raise _lost(
                observed,
                f"{host} is not the host that carries replicas of {observed.environment}: it "
                "means another engine or folder now, or all that was there is gone",
                f"correct engine and endpoint of {host}",
            )


def _lost(observed: Observed, message: str, hint: str) -> GuardError:
    environment = observed.environment
    return GuardError(
        f"{message}; nobody would look after them",
        point_at_environment(environment),
        f"{hint}; if what ran there is gone for good: agentgit apply -e {environment} "
        "--allow lost-hosts",
    )


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


def refuse_ports(
    desired: Desired,
    observed: Observed,
    placed: Mapping[str, Mapping[int, str]],
    request: PlanRequest,
    evidence: Evidence,
) -> Iterator[Refusal]:
    """Refuse fixed ports that two replicas of a host would need, or that somebody else has."""
    owners = {state.host: state.foreign_ports for state in observed.hosts}
    claims: dict[tuple[str, int | None], list[tuple[Port, str]]] = {}
    for instance in (one for one in desired.instances if request.covers(one.name)):
        for host in placed.get(instance.name, {}).values():
            for port in _fixed_ports(instance):
                rivals = claims.setdefault((host, port.published), [])
                rival = _find_rival(port, instance, rivals)
                owner = owners[host].get(port.published or 0)
                if rival or owner:
                    what = f"is also wanted by {rival}" if rival else f"belongs to {owner}"
                    yield _refuse_port(
                        f"port {port.published} of {host}, wanted by {instance.name}, {what}",
                        point_into(instance, ("container", "ports"), evidence),
                        "leave out published to get a free port, or choose another one",
                    )
                rivals.append((port, instance.name))
    wanted = [
        (host, str(published), name)
        for (host, published), claimed in claims.items()
        for _, name in claimed
    ]
    yield from _refuse_handovers(desired, observed, wanted, evidence)


def _find_rival(port: Port, instance: Instance, claims: list[tuple[Port, str]]) -> str:
    for claimed, name in claims:
        if _same_port(port, claimed):
            return "another of its replicas" if name == instance.name else name
    return ""


def _same_port(one: Port, other: Port) -> bool:
    """Whether two fixed ports of a host exclude each other."""
    everywhere = {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    overlap = one.host_ip == other.host_ip or bool({one.host_ip, other.host_ip} & everywhere)
    return (one.published, one.protocol) == (other.published, other.protocol) and overlap


def _refuse_handovers(
    desired: Desired,
    observed: Observed,
    wanted: list[tuple[str, str, str]],
    evidence: Evidence,
) -> Iterator[Refusal]:
    """Refuse to hand a fixed port (host, number, instance) on within one rollout."""
    holders: dict[tuple[str, str], list[str]] = {}
    for replica in observed.replicas if wanted else ():
        for address in replica.addresses.values():
            held = (replica.host, address.rpartition(":")[2])
            holders.setdefault(held, []).append(replica.instance)
    for host, number, name in wanted:
        for holder in holders.get((host, number), ()):
            if holder == name:
                continue
            instance = desired.instance(name)
            where = point_into(instance, ("container", "ports"), evidence) if instance else None
            yield _refuse_port(
                f"port {number} of {host}, wanted by {name}, is still held by {holder}",
                where,
                f"let go of it first: agentgit apply -e {desired.environment} --only {holder}",
            )


def _refuse_port(message: str, where: Location | None, hint: str) -> Refusal:
    place = where or Location("")
    return Refusal(
        name="ports", message=message, hint=hint, path=place.path, line=place.line,
        column=place.column,
    )  # fmt: skip


def check_volumes(instance: Instance, evidence: Evidence) -> None:
    """Refuse what an exclusive volume makes impossible."""
    container = instance.spec.container
    paths = [
        p for p, v in (container.volumes if container else {}).items() if v.access == "exclusive"
    ]
    if not paths:
        return
    if instance.spec.scale.replicas > 1:
        raise ConfigError(
            f"{instance.name} asks for {instance.spec.scale.replicas} replicas, and the volume at "
            f"{paths[0]} is exclusive",
            point_into(instance, ("scale", "replicas"), evidence),
            "use access: perSlot or shared, or one replica",
        )
    if instance.rollout.strategy == "canary":
        raise ConfigError(
            f"{instance.name} cannot be a canary: the volume at {paths[0]} is exclusive, so old "
            "and new never run at the same time",
            point_into(instance, ("rollout",), evidence),
            "use strategy rolling or recreate, or access: perSlot",
        )


def check_shares(instance: Instance, evidence: Evidence) -> None:
    """Refuse a canary whose shares the number of replicas cannot make, before it is needed."""
    replicas = instance.spec.scale.replicas
    weights = [step.set_weight for step in instance.rollout.steps if step.set_weight is not None]
    for weight in weights if replicas else ():
        if count_canaries(weight, replicas) is None:
            noun = "1 replica" if replicas == 1 else f"{replicas} replicas"
            shares = ", ".join(f"{round(100 * k / replicas)}" for k in range(1, replicas + 1))
            raise GuardError(
                f"{instance.name} cannot be a canary of {weight} % with {noun}",
                point_into(instance, ("rollout", "steps"), evidence),
                f"possible shares are {shares} %; change setWeight, or scale.replicas",
            )


def stop_first_reason(instance: Instance, host: HostState) -> str:
    """Say why old and new cannot run side by side on one host; empty when they can."""
    fixed = sorted(port.published or 0 for port in _fixed_ports(instance))
    if fixed:
        return f"port {fixed[0]} of {host.host} is fixed"
    container = instance.spec.container
    volumes = container.volumes if container and host.engine != "process" else {}
    exclusive = sorted(v.name for v in volumes.values() if v.access == "exclusive")
    return f"volume {exclusive[0]} is exclusive" if exclusive else ""


def _fixed_ports(instance: Instance) -> tuple[Port, ...]:
    container = instance.spec.container
    ports = container.ports.values() if container else ()
    return tuple(port for port in ports if port.published)

"""What cannot be carried out is refused here, with the way named in the hint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from agentgit.errors import Location, UsageError
from agentgit.model.container import Port
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import HostState, Observed
from agentgit.model.refusal import Refusal
from agentgit.plan.pointing import point_into
from agentgit.plan.request import Evidence, PlanRequest


def check_known(desired: Desired, observed: Observed, names: frozenset[str]) -> None:
    """Refuse names that are neither declared nor running."""
    known = {one.name for one in desired.instances} | {one.instance for one in observed.replicas}
    for name in sorted(names - known):
        near = get_close_matches(name, sorted(known), 1)
        listed = f"instances: {', '.join(sorted(known))}" if known else "there is none at all"
        hint = f"did you mean {near[0]}?" if near else listed
        raise UsageError(f"{desired.environment} has no instance {name}", hint=hint)


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

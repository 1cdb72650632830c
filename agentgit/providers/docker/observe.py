"""What one engine runs of one environment. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from agentgit.model.observed import EngineKind, HostState, Leftover, Replica, name_identity
from agentgit.providers.docker.calls import Engine, find
from agentgit.providers.docker.inspection import read_replica
from agentgit.providers.docker.labels import (
    Kind,
    is_listed,
    label_filter,
    listed_name,
    read_label,
)

_READERS = 8  # calls side by side
Found = Mapping[str, Any]


def observe_environment(engine: Engine, project_id: str, environment: str) -> HostState:
    """Report everything of ours in an environment. Raises EngineError."""
    info = engine.info  # asked for once, before the threads do
    with ThreadPoolExecutor(_READERS) as pool:
        things = _find_things(engine, pool, project_id, environment)
    replicas = [one.replica for one in things.replicas]
    return HostState(
        host=engine.host,
        engine=info.kind,
        version=info.version,
        identity=things.identity,
        supports=frozenset({"update"} if info.updates_in_place else ()),
        replicas=tuple(sorted(replicas, key=lambda one: (one.instance, one.slot, one.name))),
        strangers=tuple(one.replica for one in things.strangers),
        networks=tuple(sorted(one["Name"] for one in things.networks)),
        volumes=tuple(sorted(one["Name"] for one in things.volumes)),
        leftovers=_find_leftovers(things),
        foreign_ports=_find_foreign_ports(things.everybody, {one.id for one in replicas}),
    )


@dataclass(frozen=True)
class _Seen:
    """What is kept of an inspected container, of many times as much that the engine says."""

    replica: Replica
    self: str  # the name that its parts go by
    networks: frozenset[str]


@dataclass(frozen=True)
class _Things:
    everybody: list[Found]
    identity: str
    replicas: list[_Seen]
    strangers: list[_Seen]
    carriers: list[Found]
    networks: list[Found]
    volumes: list[Found]
    configs: list[Found]


def _find_things(
    engine: Engine, pool: ThreadPoolExecutor, project_id: str, environment: str
) -> _Things:
    """List what is ours, and inspect replicas; what vanished in between is left out.

    Containers are listed once, all of them: those of others may have ports that ours want.
    """
    ours = {"filters": label_filter(project_id)}
    of_networks = pool.submit(engine.call, "GET", "/networks", query=ours)
    of_volumes = pool.submit(engine.call, "GET", "/volumes", query=ours)
    everybody = engine.call("GET", "/containers/json", query={"all": 1}).json()
    containers = [one for one in everybody if _is_of(one, project_id)]
    kind = engine.info.kind

    def look(listed: Found) -> _Seen | None:
        found = find(engine, f"/containers/{listed['Id']}/json")
        return None if found is None else _read(found, engine.host, kind)

    def inspect(listed: Iterable[Found]) -> list[_Seen]:
        return [one for one in pool.map(look, listed) if one is not None]

    replicas = inspect(_select(containers, "replica", environment))
    networks, volumes = (
        of_networks.result().json(),
        of_volumes.result().json().get("Volumes") or [],
    )
    return _Things(
        everybody=everybody,
        identity=_find_identity(containers, environment),
        replicas=replicas,
        strangers=inspect(_select_strangers(containers, environment)),
        carriers=_select(containers, "carrier", environment),
        networks=_select(networks, "network", environment),
        volumes=_select(volumes, "volume", environment),
        configs=_select(volumes, "config", environment),
    )


def _is_of(listed: Found, project_id: str) -> bool:
    return read_label(listed.get("Labels"), "project-id") == project_id


def _read(found: Found, host: str, kind: EngineKind) -> _Seen:
    return _Seen(
        read_replica(found, host, kind),
        read_label(found["Config"].get("Labels"), "self"),
        frozenset(found["NetworkSettings"]["Networks"] or ()),
    )


def _select(listed: Iterable[Found], kind: Kind, environment: str) -> list[Found]:
    return [one for one in listed if is_listed(one, kind, environment)]


def _select_strangers(listed: Iterable[Found], environment: str) -> list[Found]:
    """Select what has the labels of a replica and another name: copies, and what was renamed."""
    return [
        one
        for one in listed
        if read_label(one.get("Labels"), "kind") == "replica"
        and read_label(one.get("Labels"), "environment") == environment
        and read_label(one.get("Labels"), "self") != listed_name(one)
    ]


def _find_identity(listed: Iterable[Found], environment: str) -> str:
    """Give the id of the container that is the value; what is in it need not be asked for."""
    wanted = name_identity(environment)
    values = (one for one in listed if read_label(one.get("Labels"), "value") == wanted)
    return next((str(one["Id"]) for one in values if is_listed(one, "store")), "")


def _find_leftovers(things: _Things) -> tuple[Leftover, ...]:
    """Find carriers, configuration without a replica, and networks nobody of ours has joined."""
    # who was renamed still has its parts
    there = (*things.replicas, *things.strangers)
    names = {one.self for one in there}
    joined = {name for one in there for name in one.networks}
    left = [
        *(
            Leftover(kind="carrier", id=one["Id"], name=listed_name(one))
            for one in things.carriers
        ),
        *(
            Leftover(kind="config", id=one["Name"], name=one["Name"])
            for one in things.configs
            if read_label(one["Labels"], "replica") not in names
        ),
        *(
            Leftover(kind="network", id=one["Id"], name=one["Name"])
            for one in things.networks
            if one["Name"] not in joined
        ),
    ]
    return tuple(sorted(left, key=lambda one: (one.kind, one.name)))


def _find_foreign_ports(everybody: Iterable[Found], ours: set[str]) -> dict[int, str]:
    """Find the host ports that are taken by anything but the replicas of this environment.

    What does not run has no public port.
    """
    return {
        port["PublicPort"]: listed_name(one)
        for one in sorted(everybody, key=listed_name)
        if one["Id"] not in ours
        for port in one.get("Ports") or ()
        if port.get("PublicPort")
    }

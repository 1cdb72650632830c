"""Replicas in a dict: the fast provider of tests and simulations, and the oracle of properties.

It behaves as an engine does where that matters to the core: names are unique, ids are not names,
stopped replicas stay until removed, and what a replica turns out to be (healthy, unhealthy,
ending at once) is decided by `behave`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal, assert_never

from agentgit.effects import HostStore, Permit
from agentgit.errors import DefiniteError, EngineError, ReplicaError
from agentgit.model.container import Limits
from agentgit.model.image import BroughtImage, Image
from agentgit.model.observed import HostState, Leftover, Live, Replica, name_identity
from agentgit.model.steps import (
    CheckRoom,
    CreateReplica,
    EngineStep,
    EnsureImage,
    EnsureNetwork,
    EnsureVolume,
    ExportSource,
    RemoveImage,
    RemoveLeftover,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
    StartReplica,
    StopReplica,
    UpdateReplica,
)
from agentgit.providers.memory_engine import Behaviour, MemoryEngine, MemoryStore
from agentgit.providers.memory_images import (
    ensure_image,
    find_brought,
    find_image,
    remove_image,
)
from agentgit.providers.room import check_room

__all__ = ["Behaviour", "MemoryEngine", "MemoryProvider", "MemoryStore", "PermittedStore"]

SUPPORTS = frozenset({"update"})
_LOOK = 0.01  # seconds between two looks at a log


class PermittedStore:
    """Another store, with a permit that is asked before every change."""

    def __init__(self, store: HostStore, permit: Permit) -> None:
        self._store = store
        self._permit = permit
        self.read = store.read
        self.fingerprint = store.fingerprint
        self.names = store.names

    def create(self, name: str, data: bytes) -> bool:
        """Create a value; False when the name is taken."""
        self._permit()
        return self._store.create(name, data)

    def write(self, name: str, data: bytes) -> None:
        """Replace a value that exists."""
        self._permit()
        self._store.write(name, data)

    def delete(self, name: str) -> None:
        """Forget a value."""
        self._permit()
        self._store.delete(name)


class MemoryProvider:
    """One project's view of a memory engine."""

    kind: Literal["memory"] = "memory"

    def __init__(
        self,
        host: str,
        project_id: str,
        engine: MemoryEngine | None = None,
        permit: Permit | None = None,
    ) -> None:
        self.host = host
        self.engine = engine or MemoryEngine()
        self._project_id = project_id
        self._permit = permit or Permit()
        kept = self.engine.stores.setdefault(project_id, MemoryStore())
        self._store: HostStore = PermittedStore(kept, self._permit)

    @property
    def store(self) -> HostStore:
        """The project's values on this machine."""
        return self._store

    def observe(self, environment: str) -> HostState:
        """Everything of this project in that environment."""
        mine = [
            self._see(replica)
            for replica, spec in self.engine.replicas.values()
            if (spec.project_id, spec.environment) == (self._project_id, environment)
        ]
        prefix = f"-{self._project_id.replace('-', '')[:6]}-{environment}-"
        return HostState(
            host=self.host,
            engine=self.kind,
            version="1",
            identity=(self._store.read(name_identity(environment)) or b"").decode(),
            supports=SUPPORTS,
            replicas=tuple(sorted(mine, key=lambda one: one.name)),
            networks=_names(self.engine.networks, self._project_id, prefix),
            volumes=_names(self.engine.volumes, self._project_id, prefix),
            foreign_ports=dict(self.engine.foreign_ports),
            leftovers=tuple[Leftover, ...](),
        )

    def perform(self, step: EngineStep, stamp: Stamp) -> None:
        """Do one step."""
        self._permit()
        with self.engine.lock:
            self._perform(step, stamp)

    def find_image(self, name: str) -> Image | None:
        """What a name means here."""
        return find_image(self.engine, name)

    def free_room(self) -> int | None:
        """What a test says that is left."""
        return self.engine.room

    def brought_images(self, environment: str) -> tuple[BroughtImage, ...]:
        """What the project has brought here."""
        return find_brought(self.engine, self._project_id, self._store, environment)

    def ask_registry(self, name: str) -> str:
        """What the registry has behind a name."""
        if name not in self.engine.registry:
            raise DefiniteError(f"{self.host}: its registry gives no digest of {name}: unknown")
        return self.engine.registry[name]

    def replica(self, name: str) -> Replica | None:
        """One replica as it is now."""
        found = self._own(name)
        return self._see(found[0]) if found else None

    def note_files(self, environment: str) -> None:
        """Nothing is read from files."""

    def knock(self) -> None:
        """Say that it is there."""

    def logs(self, name: str, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """What a replica wrote, as the engine was told; `follow` waits until it has ended."""
        self._find(name)
        lines = self.engine.logs.setdefault(name, [])
        at = 0 if tail is None else max(0, len(lines) - tail)
        while True:
            found = self._own(name)
            ended = found is None or found[0].state != "running"
            fresh = lines[at:]
            yield from fresh
            at += len(fresh)
            if ended or not follow:
                return
            self.engine.changed.wait(_LOOK)

    def request(self, name: str, port: str, path: str, timeout: float) -> tuple[int, bytes]:  # noqa: ARG002 - answers at once
        """Answer 200 while healthy and 503 else, or with the configuration at `/config`."""
        replica, spec = self._find(name)
        if replica.state != "running" or port not in replica.addresses:
            raise EngineError(f"{self.host}: {name} does not answer at port {port}")
        if path == "/config":
            return 200, json.dumps(dict(spec.document)).encode()
        return (200 if replica.serving else 503), b"{}"

    def close(self) -> None:
        """Nothing to let go of."""

    def _perform(self, step: EngineStep, stamp: Stamp) -> None:  # noqa: C901, PLR0912 - an arm each
        self.engine.calls.append((step.kind, _target(step)))
        match step:
            case EnsureImage():
                ensure_image(self.engine, self.host, self._store, step)
            case CheckRoom():
                check_room(self.host, self.engine.room, step)
            case EnsureNetwork():
                self.engine.networks.add((self._project_id, step.network))
            case EnsureVolume():
                self.engine.volumes.add((self._project_id, step.volume))
            case ExportSource():
                raise DefiniteError(f"{self.host} runs no processes")
            case CreateReplica():
                self._create(step.replica, stamp)
            case StartReplica():
                self._start(step.name)
            case UpdateReplica():
                self._update(step)
            case StopReplica():
                self._stop(step.name, step.id)
            case RemoveReplica():
                self._remove(step.name, step.id)
            case RemoveLeftover():
                self._remove_network(step.name)
            case RemoveImage():
                remove_image(self.engine, self.host, self._project_id, self._store, step)
            case _:  # pragma: no cover - mypy proves that nothing is left
                assert_never(step)

    def _create(self, spec: ReplicaSpec, stamp: Stamp) -> None:
        if spec.name in self.engine.replicas:
            if self._own(spec.name) is None:
                raise DefiniteError(f"{self.host}: the name {spec.name} is taken by somebody else")
            return
        container = spec.container
        image = self.find_image(container.image) if container else None
        replica = Replica(
            host=self.host,
            id=self.engine.next_id(),
            name=spec.name,
            instance=spec.instance,
            agent=spec.agent,
            slot=spec.slot,
            revision=spec.revision,
            commit=spec.commit,
            rollout=stamp.rollout,
            fence=stamp.fence,
            state="created",
            health="starting" if container and container.healthcheck else "none",
            image=container.image if container else "",
            image_id=spec.image_id or (image.id if image and image.digest else ""),
            live=Live(
                limits=container.limits if container else Limits(),
                restart=container.restart if container else "no",
            ),
            facts=_read_facts(spec),
        )
        self.engine.replicas[spec.name] = (replica, spec)

    def _start(self, name: str) -> None:
        replica, spec = self._find(name)
        if replica.state == "running":
            return
        behaviour = self.engine.behave(spec)
        if behaviour == "unstartable":
            raise ReplicaError(f"{name} cannot start: its program does not exist")
        self.engine.logs.setdefault(name, []).extend(self.engine.write(spec))
        if behaviour == "ends":
            self._set(name, state="exited", exit_code=self.engine.exit_code, health="none")
            return
        checked = spec.container is not None and spec.container.healthcheck is not None
        health = behaviour if checked or behaviour == "unhealthy" else "none"
        ports = spec.container.ports if spec.container else {}
        addresses = {
            key: f"127.0.0.1:{port.published or self.engine.next_port()}"
            for key, port in ports.items()
        }
        self._set(name, state="running", health=health, addresses=addresses)

    def _update(self, step: UpdateReplica) -> None:
        self._find(step.name)
        self._set(step.name, live=Live(limits=step.limits, restart=step.restart))

    def _stop(self, name: str, replica_id: str | None) -> None:
        found = self._own(name)
        if found and replica_id in {None, found[0].id} and found[0].state == "running":
            self.engine.logs.setdefault(name, []).extend(self.engine.write_end(found[1]))
            self._set(name, state="exited", exit_code=0, health="none", addresses={})

    def _remove(self, name: str, replica_id: str | None) -> None:
        found = self._own(name)
        if found and replica_id in {None, found[0].id}:
            del self.engine.replicas[name]
            self.engine.logs.pop(name, None)

    def _remove_network(self, name: str) -> None:
        users = [
            replica.name
            for replica, spec in self.engine.replicas.values()
            if name in spec.networks.values()
        ]
        if users:
            raise DefiniteError(f"{self.host}: the network {name} is used by {', '.join(users)}")
        self.engine.networks.discard((self._project_id, name))

    def _see(self, replica: Replica) -> Replica:
        """A machine does not know by which name it is called."""
        here = replica.host == self.host
        return replica if here else replica.model_copy(update={"host": self.host})

    def _own(self, name: str) -> tuple[Replica, ReplicaSpec] | None:
        found = self.engine.replicas.get(name)
        return found if found and found[1].project_id == self._project_id else None

    def _find(self, name: str) -> tuple[Replica, ReplicaSpec]:
        found = self._own(name)
        if found is None:
            raise DefiniteError(f"{self.host} has no replica {name}")
        return found

    def _set(self, name: str, **facts: object) -> None:
        replica, spec = self.engine.replicas[name]
        self.engine.replicas[name] = (replica.model_copy(update=facts), spec)


def _read_facts(spec: ReplicaSpec) -> dict[str, str]:
    """Say what somebody could change by hand; a test does so in `MemoryEngine.replicas`."""
    networks = {f"networks.{name}": "joined" for name in spec.networks.values()}
    return {"name": spec.name, **networks}


def _names(owned: set[tuple[str, str]], project_id: str, part: str) -> tuple[str, ...]:
    return tuple(sorted(name for owner, name in owned if owner == project_id and part in name))


def _target(step: EngineStep) -> str:
    for field in ("name", "image", "network", "volume", "source"):
        if hasattr(step, field):
            return str(getattr(step, field))
    return step.replica.name if isinstance(step, CreateReplica) else ""

"""Replicas in a dict: the fast provider of tests and simulations, and the oracle of properties.

It behaves as an engine does where that matters to the core: names are unique, ids are not names,
stopped replicas stay until removed, and what a replica turns out to be (healthy, unhealthy,
ending at once) is decided by `behave`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Literal, assert_never

from agentgit.effects import HostStore
from agentgit.errors import EngineError
from agentgit.model.container import Limits
from agentgit.model.observed import HostState, Leftover, Live, Replica
from agentgit.model.steps import (
    CreateReplica,
    EngineStep,
    EnsureImage,
    EnsureNetwork,
    EnsureVolume,
    ExportSource,
    RemoveLeftover,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
    StartReplica,
    StopReplica,
    UpdateReplica,
)

Behaviour = Literal["healthy", "unhealthy", "ends"]
SUPPORTS = frozenset({"update"})


class MemoryStore:
    """Named values in a dict."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._lock = Lock()

    def create(self, name: str, data: bytes) -> bool:
        """Create a value; False when the name is taken."""
        with self._lock:
            return self._values.setdefault(name, data) is data

    def write(self, name: str, data: bytes) -> None:
        """Replace a value that exists."""
        with self._lock:
            if name not in self._values:
                raise KeyError(name)
            self._values[name] = data

    def read(self, name: str) -> bytes | None:
        """The value, None when there is none."""
        return self._values.get(name)

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names that begin with a prefix, sorted."""
        return tuple(sorted(name for name in list(self._values) if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        """Forget a value."""
        with self._lock:
            self._values.pop(name, None)


class MemoryEngine:
    """What several providers share: one imaginary machine."""

    def __init__(self) -> None:
        self.replicas: dict[str, tuple[Replica, ReplicaSpec]] = {}
        self.networks: set[tuple[str, str]] = set()
        self.volumes: set[tuple[str, str]] = set()
        self.images: set[str] = set()
        self.missing_images: set[str] = set()
        self.foreign_ports: dict[int, str] = {}
        self.stores: dict[str, MemoryStore] = {}
        self.calls: list[tuple[str, str]] = []
        self.behave: Callable[[ReplicaSpec], Behaviour] = lambda _: "healthy"
        self.lock = Lock()
        self._count = 0

    def next_id(self) -> str:
        """Give an id that was never used before."""
        self._count += 1
        return f"{self._count:064x}"


class MemoryProvider:
    """One project's view of a memory engine."""

    kind: Literal["memory"] = "memory"

    def __init__(self, host: str, project_id: str, engine: MemoryEngine | None = None) -> None:
        self.host = host
        self.engine = engine or MemoryEngine()
        self._project_id = project_id
        self._store = self.engine.stores.setdefault(project_id, MemoryStore())

    @property
    def store(self) -> HostStore:
        """The project's values on this machine."""
        return self._store

    def observe(self, environment: str) -> HostState:
        """Everything of this project in that environment."""
        mine = [
            replica
            for replica, spec in self.engine.replicas.values()
            if (spec.project_id, spec.environment) == (self._project_id, environment)
        ]
        prefix = f"-{self._project_id.replace('-', '')[:6]}-{environment}-"
        return HostState(
            host=self.host,
            engine=self.kind,
            version="1",
            supports=SUPPORTS,
            replicas=tuple(sorted(mine, key=lambda one: one.name)),
            networks=_names(self.engine.networks, self._project_id, prefix),
            volumes=_names(self.engine.volumes, self._project_id, prefix),
            foreign_ports=dict(self.engine.foreign_ports),
            leftovers=tuple[Leftover, ...](),
        )

    def perform(self, step: EngineStep, stamp: Stamp) -> None:
        """Do one step."""
        with self.engine.lock:
            self._perform(step, stamp)

    def replica(self, name: str) -> Replica | None:
        """One replica as it is now."""
        found = self.engine.replicas.get(name)
        return found[0] if found else None

    def logs(self, name: str, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:  # noqa: ARG002 - nothing more will ever be written
        """What a replica wrote: one line that says how it is."""
        found = self.engine.replicas.get(name)
        lines = [f"{name} is {found[0].health}"] if found else []
        return iter(lines[-tail:] if tail else lines)

    def request(self, name: str, port: str, path: str, timeout: float) -> tuple[int, bytes]:  # noqa: ARG002 - answers at once
        """Answer 200 while healthy, 503 else."""
        found = self.engine.replicas.get(name)
        if found is None or found[0].state != "running":
            raise EngineError(f"{name} does not run on {self.host}")
        return (200 if found[0].serving else 503), b"{}"

    def close(self) -> None:
        """Nothing to let go of."""

    def _perform(self, step: EngineStep, stamp: Stamp) -> None:  # noqa: C901 - one line a step
        self.engine.calls.append((step.kind, _target(step)))
        match step:
            case EnsureImage():
                if step.image in self.engine.missing_images:
                    raise EngineError(f"{self.host} has no image {step.image} and cannot get it")
                self.engine.images.add(step.image)
            case EnsureNetwork():
                self.engine.networks.add((self._project_id, step.network))
            case EnsureVolume():
                self.engine.volumes.add((self._project_id, step.volume))
            case ExportSource():
                raise EngineError(f"{self.host} runs no processes")
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
                self.engine.networks.discard((self._project_id, step.name))
            case _:  # pragma: no cover - mypy proves that nothing is left
                assert_never(step)

    def _create(self, spec: ReplicaSpec, stamp: Stamp) -> None:
        if spec.name in self.engine.replicas:
            return
        container = spec.container
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
            image=container.image if container else "",
            live=Live(
                limits=container.limits if container else Limits(),
                restart=container.restart if container else "no",
            ),
        )
        self.engine.replicas[spec.name] = (replica, spec)

    def _start(self, name: str) -> None:
        _, spec = self._find(name)
        behaviour = self.engine.behave(spec)
        if behaviour == "ends":
            self._set(name, state="exited", exit_code=1, health="none")
            return
        checked = spec.container is not None and spec.container.healthcheck is not None
        health = "healthy" if behaviour == "healthy" else "unhealthy"
        self._set(
            name, state="running", health=health if checked or health != "healthy" else "none"
        )

    def _update(self, step: UpdateReplica) -> None:
        self._find(step.name)
        self._set(step.name, live=Live(limits=step.limits, restart=step.restart))

    def _stop(self, name: str, replica_id: str | None) -> None:
        found = self.engine.replicas.get(name)
        if found and replica_id in {None, found[0].id} and found[0].state == "running":
            self._set(name, state="exited", exit_code=0, health="none")

    def _remove(self, name: str, replica_id: str | None) -> None:
        found = self.engine.replicas.get(name)
        if found and replica_id in {None, found[0].id}:
            del self.engine.replicas[name]

    def _find(self, name: str) -> tuple[Replica, ReplicaSpec]:
        if name not in self.engine.replicas:
            raise EngineError(f"{self.host} has no replica {name}")
        return self.engine.replicas[name]

    def _set(self, name: str, **facts: object) -> None:
        replica, spec = self.engine.replicas[name]
        self.engine.replicas[name] = (replica.model_copy(update=facts), spec)


def _names(owned: set[tuple[str, str]], project_id: str, part: str) -> tuple[str, ...]:
    return tuple(sorted(name for owner, name in owned if owner == project_id and part in name))


def _target(step: EngineStep) -> str:
    for field in ("name", "image", "network", "volume", "source"):
        if hasattr(step, field):
            return str(getattr(step, field))
    return step.replica.name if isinstance(step, CreateReplica) else ""

"""One imaginary machine, that several providers may share: what is there, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock
from typing import Literal

from agentgit.model.fingerprint import Fingerprint, take_fingerprint
from agentgit.model.observed import Replica
from agentgit.model.steps import ReplicaSpec

Behaviour = Literal["healthy", "unhealthy", "ends", "unstartable"]
_FIRST_PORT = 40_000


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

    def fingerprint(self, name: str) -> Fingerprint | None:
        """Its fingerprint, None when there is none."""
        data = self._values.get(name)
        return None if data is None else take_fingerprint(data)

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
        self.digests: dict[str, str] = {}  # what this machine has, by name
        self.registry: dict[str, str] = {}  # what a registry has
        self.room: int | None = None  # bytes; what is pulled takes `image_size` of it
        self.image_size = 0
        self.foreign_ports: dict[int, str] = {}
        self.stores: dict[str, MemoryStore] = {}
        self.logs: dict[str, list[str]] = {}
        self.calls: list[tuple[str, str]] = []
        self.behave: Callable[[ReplicaSpec], Behaviour] = lambda _: "healthy"
        self.exit_code = 1
        self.changed = Event()
        self.write: Callable[[ReplicaSpec], list[str]] = lambda spec: [f"{spec.name} starts"]
        self.write_end: Callable[[ReplicaSpec], list[str]] = lambda _: []
        self.lock = Lock()
        self._count = 0
        self._port = _FIRST_PORT

    def next_port(self) -> int:
        """Give a port that nobody has."""
        self._port += 1
        return self._port

    def next_id(self) -> str:
        """Give an id that was never used before."""
        self._count += 1
        return f"{self._count:064x}"

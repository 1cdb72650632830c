"""What the engines report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from agentgit.model.container import Limits
from agentgit.model.value import Value, keep_made

EngineKind = Literal["docker", "podman", "process", "memory"]
State = Literal["created", "running", "paused", "restarting", "exited"]
Health = Literal["none", "starting", "healthy", "unhealthy"]


class Live(Value):
    """What an engine can change in place, as it is now; None is the engine's default."""

    limits: Limits = Limits()
    restart: str = "no"


class FactChange(Value):
    """A fact that is not what it was right after the replica was started; empty: not set."""

    field: str
    before: str = ""
    after: str = ""


class Replica(Value):
    """One running or left-over copy of an instance, as found.

    `id` is the engine's full id and what is destroyed; `name` is for people and for finding a
    replica again. `error` is the engine's word on why it ended, `probe` the last line of the
    health check's output. `addresses` maps port names to `host:port` where they can be reached
    from the engine's host. `facts` are what the engine was told of it and somebody could change
    by hand, in the engine's own form; `drift` is what differs from its baseline, and `unverified`
    says that this cannot be known, for want of a whole one or of a note of what was in the files
    that it reads. `handmade` is one that has our labels
    although no rollout has made it: its host has baselines, and none of it.
    """

    host: str
    id: str
    name: str
    instance: str
    agent: str
    slot: int
    revision: str
    commit: str
    rollout: str = ""
    fence: int = 0
    state: State
    health: Health = "none"
    exit_code: int | None = None
    restarts: int = 0
    error: str = ""
    probe: str = ""
    image: str = ""
    image_id: str = ""
    started_at: str = ""
    addresses: Mapping[str, str] = {}
    live: Live = Live()
    facts: Mapping[str, str] = {}
    drift: tuple[FactChange, ...] = ()
    unverified: bool = False
    handmade: bool = False

    @property
    def serving(self) -> bool:
        """Whether it runs and no health check says otherwise."""
        return self.state == "running" and self.health in {"none", "healthy"}

    @property
    def routes(self) -> Mapping[str, str]:
        """The networks and the fixed ports by which it can be reached, as the engine was told."""
        ways = ("networks.", "ports.")
        return {key: text for key, text in sorted(self.facts.items()) if key.startswith(ways)}


class Leftover(Value):
    """Something of ours that no replica uses: a network, a config volume, a half-made carrier."""

    kind: Literal["network", "config", "carrier"]
    id: str
    name: str


class HostState(Value):
    """What one host reports.

    `foreign_ports` maps published host ports of others to their owner's name. `images` has the
    ids behind names of images, of those that were asked for, and `digests` the digests of ids that
    have one; `gone_images` are ids of which the host has no image any more. `strangers` carry the
    labels of a replica but not its name: copies, or replicas that somebody renamed. `identity` is
    the same wherever this very engine is called by another name or endpoint; empty until a rollout
    has written it there.
    """

    host: str
    engine: EngineKind
    version: str = ""
    identity: str = ""
    supports: frozenset[str] = frozenset()
    replicas: tuple[Replica, ...] = ()
    strangers: tuple[Replica, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    foreign_ports: Mapping[int, str] = {}
    images: Mapping[str, str] = {}
    digests: Mapping[str, str] = {}
    gone_images: frozenset[str] = frozenset()


def name_identity(environment: str) -> str:
    """Name the value in the host store by which a host is known again."""
    return f"identity-{environment}"


class Unreachable(Value):
    """A host that does not answer, or is `lost`: what runs there is unknown, never nothing.

    One that is lost is not the host any more that carried replicas; its reason is a sentence.
    """

    host: str
    reason: str
    hint: str = ""
    lost: bool = False


class Observed(Value):
    """What all hosts of one environment report, in order of host name."""

    environment: str
    hosts: tuple[HostState, ...]
    unreachable: tuple[Unreachable, ...] = ()

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """All replicas, by host, instance, slot and name."""
        return keep_made(self, "~replicas", self.hosts, self._sort)

    def replicas_of(self, instance: str) -> tuple[Replica, ...]:
        """The replicas of one instance, in the same order."""
        return keep_made(self, "~by_instance", self.hosts, self._group).get(instance, ())

    def _sort(self) -> tuple[Replica, ...]:
        found = (replica for host in self.hosts for replica in host.replicas)
        return tuple(sorted(found, key=lambda r: (r.host, r.instance, r.slot, r.name)))

    def _group(self) -> Mapping[str, tuple[Replica, ...]]:
        groups: dict[str, list[Replica]] = {}
        for replica in self.replicas:
            groups.setdefault(replica.instance, []).append(replica)
        return {instance: tuple(group) for instance, group in groups.items()}

"""Steps: the only things that are ever done to the world, as data.

Each is idempotent (performing it twice is performing it once), has a timeout and names its host.
The list that is shown, recorded and run is the same list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agentgit.model.container import Container, Limits
from agentgit.model.progress import Passage
from agentgit.model.spec import Process
from agentgit.model.value import Duration, Json, Size, Value, format_size


class ReplicaSpec(Value):
    """Everything a provider needs to create one replica.

    `environment` are the AGENTGIT_ and OTEL_ variables that agentgit adds; `document` becomes the
    read-only `agent.json`; `volumes` maps mount paths to real volume names, `networks` network
    keys to real network names. `source` is the digest of the exported folder of a process.
    `image_id` is the image to take where the name in `container` may mean another one by now.
    """

    name: str
    project_id: str
    project: str
    environment: str
    agent: str
    instance: str
    slot: int
    revision: str
    commit: str
    container: Container | None = None
    process: Process | None = None
    source: str = ""
    image_id: str = ""
    volumes: Mapping[str, str] = {}
    networks: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    document: Mapping[str, Json] = {}


class _EngineStep(Value):
    host: str
    timeout: Duration = 30.0


class EnsureImage(_EngineStep):
    """Have the image on the host, pulling it if it is not there; with `id` that very one."""

    kind: Literal["ensure-image"] = "ensure-image"
    image: str
    id: str = ""
    timeout: Duration = 600.0


class CheckRoom(_EngineStep):
    """See that at least so much room is left where the engine keeps images. Only reads."""

    kind: Literal["check-room"] = "check-room"
    least: Size


class EnsureNetwork(_EngineStep):
    """Have a network of the environment."""

    kind: Literal["ensure-network"] = "ensure-network"
    network: str
    labels: Mapping[str, str] = {}


class EnsureVolume(_EngineStep):
    """Have a named volume of the environment."""

    kind: Literal["ensure-volume"] = "ensure-volume"
    volume: str
    labels: Mapping[str, str] = {}


class ExportSource(_EngineStep):
    """Have a folder of the commit's tree on a process host."""

    kind: Literal["export-source"] = "export-source"
    commit: str
    path: str
    source: str


class CreateReplica(_EngineStep):
    """Create a replica, with its configuration in place, without starting it."""

    kind: Literal["create-replica"] = "create-replica"
    replica: ReplicaSpec
    timeout: Duration = 60.0


class StartReplica(_EngineStep):
    """Start a created replica."""

    kind: Literal["start-replica"] = "start-replica"
    name: str


class UpdateReplica(_EngineStep):
    """Change limits and restart policy in place."""

    kind: Literal["update-replica"] = "update-replica"
    name: str
    id: str
    limits: Limits
    restart: str


class StopReplica(_EngineStep):
    """Ask a replica to end and wait for its grace period, then kill it. `id` where it is known."""

    kind: Literal["stop-replica"] = "stop-replica"
    name: str
    id: str | None = None
    grace: Duration = 10.0
    timeout: Duration = 60.0


class RemoveReplica(_EngineStep):
    """Remove a replica and its configuration; volumes stay. Kills first where it still runs."""

    kind: Literal["remove-replica"] = "remove-replica"
    name: str
    id: str | None = None


class RemoveLeftover(_EngineStep):
    """Remove something of ours that nothing uses: a network, a config volume, a carrier."""

    kind: Literal["remove-leftover"] = "remove-leftover"
    what: Literal["network", "config", "carrier"]
    id: str
    name: str


class RemoveImage(_EngineStep):
    """Remove an image that we brought, unless anybody needs it; `name` is what it was pulled by.

    It comes last. Where it cannot be removed the rollout has succeeded all the same. What
    `environment` itself needs was asked before; what others need is asked once more.
    """

    kind: Literal["remove-image"] = "remove-image"
    environment: str
    id: str
    name: str
    timeout: Duration = 60.0


class AwaitHealthy(_EngineStep):
    """Wait until a replica has been healthy for a while. Without a health check: running."""

    kind: Literal["await-healthy"] = "await-healthy"
    name: str
    min_healthy_time: Duration
    timeout: Duration


class Hold(Value):
    """Look at replicas for a while before going on; one that fails meanwhile ends the rollout."""

    kind: Literal["hold"] = "hold"
    duration: Duration
    replicas: tuple[tuple[str, str], ...] = ()  # (host, name)
    passes: tuple[Passage, ...] = ()  # what is recorded once it is over


EngineStep = Annotated[
    EnsureImage
    | CheckRoom
    | EnsureNetwork
    | EnsureVolume
    | ExportSource
    | CreateReplica
    | StartReplica
    | UpdateReplica
    | StopReplica
    | RemoveReplica
    | RemoveLeftover
    | RemoveImage,
    Field(discriminator="kind"),
]
Step = Annotated[
    EnsureImage
    | CheckRoom
    | EnsureNetwork
    | EnsureVolume
    | ExportSource
    | CreateReplica
    | StartReplica
    | UpdateReplica
    | StopReplica
    | RemoveReplica
    | RemoveLeftover
    | RemoveImage
    | AwaitHealthy,
    Field(discriminator="kind"),
]


class Stamp(Value):
    """Which rollout performs a step, and under which fence; both become labels."""

    rollout: str
    fence: int


def target_of(step: Step) -> str:  # noqa: PLR0911 - a case each
    """Name what a step is about."""
    match step:
        case EnsureImage():
            return step.image
        case CheckRoom():
            return format_size(step.least)
        case EnsureNetwork():
            return step.network
        case EnsureVolume():
            return step.volume
        case ExportSource():
            return step.path
        case CreateReplica():
            return step.replica.name
        case (
            StartReplica()
            | UpdateReplica()
            | StopReplica()
            | RemoveReplica()
            | RemoveLeftover()
            | RemoveImage()
            | AwaitHealthy()
        ):
            return step.name

"""Every engine step as calls to one engine. Performing a step again changes nothing more."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn, assert_never

from agentgit.errors import DefiniteError, ReplicaError
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
    Stamp,
    StartReplica,
    StopReplica,
    UpdateReplica,
)
from agentgit.providers.docker.brought import bring_image, remove_image
from agentgit.providers.docker.calls import Engine, RefusedError, drop, find
from agentgit.providers.docker.create import create_replica
from agentgit.providers.docker.inspection import update_body
from agentgit.providers.docker.labels import is_ours, label_filter, label_owned
from agentgit.providers.docker.room import find_room
from agentgit.providers.room import check_room

_PORT_TAKEN = ("port is already allocated", "address already in use")
_CANNOT_RUN = ("executable file", "OCI runtime attempted to invoke", "exec format error", "exec: ")
_MARGIN = 10.0  # seconds an engine may need beyond the grace period


def perform_step(  # noqa: C901, PLR0912 - one arm a step
    engine: Engine, project_id: str, step: EngineStep, stamp: Stamp
) -> None:
    """Do one step on behalf of a project. Raises EngineError, ReplicaError."""
    match step:
        case EnsureImage():
            bring_image(engine, project_id, step)
        case CheckRoom():
            check_room(engine.host, find_room(engine), step)
        case EnsureNetwork():
            _ensure_network(engine, project_id, step)
        case EnsureVolume():
            _ensure_volume(engine, project_id, step)
        case ExportSource():
            raise DefiniteError(f"{engine.host} runs containers: there is no folder to export to")
        case CreateReplica():
            create_replica(engine, step, stamp)
        case StartReplica():
            _start(engine, project_id, step)
        case UpdateReplica():
            _update(engine, project_id, step)
        case StopReplica():
            _stop(engine, project_id, step)
        case RemoveReplica():
            _remove(engine, project_id, step)
        case RemoveLeftover():
            _remove_leftover(engine, project_id, step)
        case RemoveImage():
            remove_image(engine, project_id, step)
        case _:
            assert_never(step)


def find_replica(engine: Engine, project_id: str, name: str) -> dict[str, Any] | None:
    """Inspect a replica of ours by name; None when there is none, or it is someone else's."""
    found = find(engine, f"/containers/{name}/json")
    if found is None or not is_ours(found, project_id, "replica", name):
        return None
    return found


def need_replica(engine: Engine, project_id: str, name: str) -> dict[str, Any]:
    """Inspect a replica that must be there."""
    found = find_replica(engine, project_id, name)
    if found is None:
        raise DefiniteError(
            f"{engine.host}: there is no replica {name}",
            hint="someone removed it meanwhile; run the same command again",
        )
    return found


def _ensure_network(engine: Engine, project_id: str, step: EnsureNetwork) -> None:
    if _has_network(engine, project_id, step.network):
        return
    labels = dict(step.labels) | label_owned(project_id, "network", step.network)
    body = {"Name": step.network, "Driver": "bridge", "CheckDuplicate": True, "Labels": labels}
    try:
        engine.call("POST", "/networks/create", body=body, timeout=step.timeout)
    except RefusedError as refused:
        if not refused.is_conflict:
            raise
        if not _has_network(engine, project_id, step.network):
            _raise_foreign(engine, "network", step.network)


def _has_network(engine: Engine, project_id: str, name: str) -> bool:
    query = {"filters": label_filter(project_id)}
    found = engine.call("GET", "/networks", query=query).json()
    return any(one["Name"] == name for one in found)


def _ensure_volume(engine: Engine, project_id: str, step: EnsureVolume) -> None:
    found = find(engine, f"/volumes/{step.volume}")
    if found is None:
        labels = dict(step.labels) | label_owned(project_id, "volume", step.volume)
        body = {"Name": step.volume, "Labels": labels}
        try:
            engine.call("POST", "/volumes/create", body=body, timeout=step.timeout)
        except RefusedError as refused:
            if not refused.is_conflict:
                raise
        found = find(engine, f"/volumes/{step.volume}") or {}
    if not is_ours(found, project_id, "volume", step.volume):
        _raise_foreign(engine, "volume", step.volume)


def _raise_foreign(engine: Engine, what: str, name: str) -> NoReturn:
    raise DefiniteError(
        f"{engine.host}: a {what} named {name} exists and is not this project's",
        hint=f"rename or remove that {what} on {engine.host}",
    )


def _start(engine: Engine, project_id: str, step: StartReplica) -> None:
    found = need_replica(engine, project_id, step.name)
    paused = found["State"].get("Paused")
    if found["State"].get("Running") and not paused:
        return
    path = f"/containers/{found['Id']}/{'unpause' if paused else 'start'}"
    try:
        engine.call("POST", path, timeout=step.timeout)
    except RefusedError as refused:
        _explain_start(engine, step, refused)


def _explain_start(engine: Engine, step: StartReplica, refused: RefusedError) -> NoReturn:
    if any(text in refused.words for text in _PORT_TAKEN):
        port = re.search(r":(\d+)(?=[:\s]|$)", refused.words)
        named = f"port {port[1]}" if port else "a port"
        raise DefiniteError(
            f"{engine.host}: {named} for {step.name} is taken: {refused.words}",
            hint="free that port of the host, or choose another `published` port",
        ) from refused
    if refused.status == 400 or any(text in refused.words for text in _CANNOT_RUN):
        raise ReplicaError(
            f"{step.name} cannot be started: {refused.words}",
            hint="look at the image, entrypoint and command of its container block",
        ) from refused
    raise refused


def _update(engine: Engine, project_id: str, step: UpdateReplica) -> None:
    found = find(engine, f"/containers/{step.id}/json")
    if found is None or not is_ours(found, project_id, "replica", step.name):
        raise DefiniteError(
            f"{engine.host}: {step.name} is not the replica any more that was to be changed",
            hint="run the same command again",
        )
    processors = int(engine.call("GET", "/info").json().get("NCPU") or 1)
    body = update_body(step.limits, step.restart, engine.info.kind, processors)
    engine.call("POST", f"/containers/{step.id}/update", body=body, timeout=step.timeout)


def _stop(engine: Engine, project_id: str, step: StopReplica) -> None:
    found = _find_exactly(engine, project_id, step.name, step.id)
    if found is not None:
        _end(engine, found, step.grace, step.timeout)


def _end(engine: Engine, found: dict[str, Any], grace: float, timeout: float) -> None:
    """Stop a container: its stop signal, after `grace` seconds SIGKILL; waits for the end."""
    path, seconds = f"/containers/{found['Id']}", math.ceil(grace)
    if found["State"].get("Status") in {"created", "exited"}:
        return
    try:
        if found["State"].get("Paused"):
            engine.call("POST", f"{path}/unpause")  # Podman stops nothing that is paused
        engine.call(
            "POST",
            f"{path}/stop",
            query={"t": seconds},
            timeout=max(timeout, seconds + _MARGIN),
        )
    except RefusedError as refused:
        if not refused.is_missing:
            raise


def _remove(engine: Engine, project_id: str, step: RemoveReplica) -> None:
    found = _find_exactly(engine, project_id, step.name, step.id)
    if found is not None:
        # killed first: Podman 5 would wait the whole grace period in a forced removal
        _end(engine, found, 0, step.timeout)
        drop(engine, f"/containers/{found['Id']}", force=1)
    if find(engine, f"/containers/{step.name}/json") is None:
        name = f"{step.name}-config"
        volume = find(engine, f"/volumes/{name}")
        if volume is not None and is_ours(volume, project_id, "config", name):
            drop(engine, f"/volumes/{name}")


def _find_exactly(
    engine: Engine, project_id: str, name: str, id_: str | None
) -> dict[str, Any] | None:
    """Find a replica of ours by its id where that is known; a successor of that name is not it.

    Somebody may have renamed it: then the id and the label of its own name tell that it is ours,
    unless that name is still in use, which makes it a copy of a replica.
    """
    found = find(engine, f"/containers/{id_ or name}/json")
    if found is None:
        return None
    if found["Name"].lstrip("/") != name:
        if find(engine, f"/containers/{name}/json") is not None:
            return None
        found = {**found, "Name": name}
    return found if is_ours(found, project_id, "replica", name) else None


def _remove_leftover(engine: Engine, project_id: str, step: RemoveLeftover) -> None:
    """Remove it unless it is gone, or someone else's; `id` may be empty for what has a name."""
    key = step.id or step.name
    match step.what:
        case "network":
            _remove_network(engine, project_id, step)
        case "config":
            found = find(engine, f"/volumes/{key}")
            if found is not None and is_ours(found, project_id, "config", step.name):
                drop(engine, f"/volumes/{key}")
        case "carrier":
            found = find(engine, f"/containers/{key}/json")
            if found is not None and is_ours(found, project_id, "carrier", step.name):
                drop(engine, f"/containers/{found['Id']}", force=1)
        case _:
            assert_never(step.what)


def _remove_network(engine: Engine, project_id: str, step: RemoveLeftover) -> None:
    found = find(engine, f"/networks/{step.id or step.name}")
    if found is None or not is_ours(found, project_id, "network", step.name):
        return
    users = _network_users(engine, found)
    if users:
        raise DefiniteError(
            f"{engine.host}: the network {step.name} is used by {', '.join(users)}",
            hint="remove or disconnect them first; a network in use is never removed",
        )
    drop(engine, f"/networks/{found['Id']}")


def _network_users(engine: Engine, network: dict[str, Any]) -> list[str]:
    """Name the containers of a network, running or not: Podman removes a network in use."""
    users = {str(one.get("Name") or key) for key, one in (network.get("Containers") or {}).items()}
    query = {"all": 1, "filters": json.dumps({"network": [network["Name"]]})}
    for one in engine.call("GET", "/containers/json", query=query).json():
        users |= {name.lstrip("/") for name in one.get("Names") or (one["Id"],)}
    return sorted(users)

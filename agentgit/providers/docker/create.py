"""Create a replica on an engine, with its configuration inside, from whatever is there already."""

from __future__ import annotations

import json
from typing import Any

from agentgit.errors import DefiniteError
from agentgit.model.container import Container
from agentgit.model.steps import CreateReplica, Stamp
from agentgit.providers.docker.calls import Engine, RefusedError, drop, find
from agentgit.providers.docker.carrier import create_carrier, put_file, remove_carrier
from agentgit.providers.docker.inspection import CONFIG_FOLDER, create_body, endpoints
from agentgit.providers.docker.labels import is_ours, label_part, read_label


def create_replica(engine: Engine, step: CreateReplica, stamp: Stamp) -> None:
    """Create a replica without starting it. One that is there already is only completed.

    The container itself comes last: where it exists, its configuration is whole.
    """
    spec = step.replica
    container = spec.container
    if container is None:
        raise DefiniteError(
            f"{spec.instance} has no container block, and {engine.host} runs containers",
            hint="give the agent a container block, or place the instance on a process host",
        )
    found = _find_own(engine, step)
    if found is None:
        _fill_config(engine, step)
        body = create_body(spec, container, stamp)
        _create_container(engine, step, body)
        found = find(engine, f"/containers/{spec.name}/json") or {}
    _join_networks(engine, step, container, found)


def _find_own(engine: Engine, step: CreateReplica) -> dict[str, Any] | None:
    spec = step.replica
    found = find(engine, f"/containers/{spec.name}/json")
    if found is None:
        return None
    if not is_ours(found, spec.project_id, "replica", spec.name):
        raise DefiniteError(
            f"{engine.host}: a container named {spec.name} exists and is not this project's",
            hint=f"rename or remove that container on {engine.host}",
        )
    if read_label(found["Config"]["Labels"], "revision") == spec.revision:
        return found
    if found["State"].get("Running"):
        raise DefiniteError(
            f"{engine.host}: {spec.name} already runs with another revision",
            hint="run the same command again: the plan will take it into account",
        )
    drop(engine, f"/containers/{found['Id']}", force=1)
    return None


def _fill_config(engine: Engine, step: CreateReplica) -> None:
    spec = step.replica
    volume, name = f"{spec.name}-config", f"{spec.name}-carrier"
    _clear(engine, step, f"/containers/{name}", "carrier", name)
    _clear(engine, step, f"/volumes/{volume}", "config", volume)
    labels = label_part(spec, "config", volume)
    engine.call("POST", "/volumes/create", body={"Name": volume, "Labels": labels})
    carrier = create_carrier(
        engine, name, label_part(spec, "carrier", name), (volume, CONFIG_FOLDER)
    )
    document = json.dumps(spec.document, ensure_ascii=False, indent=2, sort_keys=True)
    put_file(engine, carrier, CONFIG_FOLDER, "agent.json", f"{document}\n".encode())
    remove_carrier(engine, carrier)


def _clear(engine: Engine, step: CreateReplica, path: str, kind: Any, name: str) -> None:
    """Remove what an earlier attempt left half made."""
    found = find(engine, f"{path}/json" if kind == "carrier" else path)
    if found is None:
        return
    if not is_ours(found, step.replica.project_id, kind, name):
        raise DefiniteError(
            f"{engine.host}: {name} exists and is not this project's",
            hint=f"rename or remove it on {engine.host}",
        )
    drop(engine, f"/containers/{found['Id']}" if kind == "carrier" else path, force=1)


def _create_container(engine: Engine, step: CreateReplica, body: dict[str, Any]) -> None:
    spec = step.replica
    try:
        engine.call(
            "POST",
            "/containers/create",
            query={"name": spec.name},
            body=body,
            timeout=step.timeout,
        )
    except RefusedError as refused:
        if refused.is_missing and "image" in refused.words.lower():
            raise DefiniteError(
                f"{engine.host}: there is no image {body['Image']}: {refused.words}",
                hint="the image is fetched while preparing: run the same command again",
            ) from refused
        raise


def _join_networks(
    engine: Engine, step: CreateReplica, container: Container, found: dict[str, Any]
) -> None:
    """Join the networks that could not be given when creating."""
    joined = (found.get("NetworkSettings") or {}).get("Networks") or {}
    for network, endpoint in endpoints(step.replica, container).items():
        if network not in joined:
            body = {"Container": found["Id"], "EndpointConfig": endpoint}
            engine.call("POST", f"/networks/{network}/connect", body=body)

"""The labels by which we know what is ours on an engine. PURE."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from agentgit.model.steps import ReplicaSpec, Stamp

PREFIX = "dev.agentgit."
SCHEMA = "1"
Kind = Literal["replica", "network", "volume", "config", "carrier", "store"]


def label_owned(project_id: str, kind: Kind, name: str) -> dict[str, str]:
    """Label anything that we make; `self` tells an original from a copy."""
    return {
        f"{PREFIX}schema": SCHEMA,
        f"{PREFIX}project-id": project_id,
        f"{PREFIX}kind": kind,
        f"{PREFIX}self": name,
    }


def label_part(spec: ReplicaSpec, kind: Kind, name: str) -> dict[str, str]:
    """Label what belongs to one replica: its configuration volume, its carrier."""
    return label_owned(spec.project_id, kind, name) | {
        f"{PREFIX}project": spec.project,
        f"{PREFIX}environment": spec.environment,
        f"{PREFIX}instance": spec.instance,
        f"{PREFIX}replica": spec.name,
    }


def label_replica(spec: ReplicaSpec, stamp: Stamp) -> dict[str, str]:
    """Label a replica with everything that is read back from it; the user's labels below ours."""
    ours = label_part(spec, "replica", spec.name) | {
        f"{PREFIX}agent": spec.agent,
        f"{PREFIX}slot": str(spec.slot),
        f"{PREFIX}revision": spec.revision,
        f"{PREFIX}commit": spec.commit,
        f"{PREFIX}rollout": stamp.rollout,
        f"{PREFIX}fence": str(stamp.fence),
    }
    if spec.container is None:
        return ours
    ports = {name: f"{port.target}/{port.protocol}" for name, port in spec.container.ports.items()}
    ours[f"{PREFIX}ports"] = json.dumps(ports, sort_keys=True)
    ours[f"{PREFIX}image"] = spec.container.image  # Podman reports it under a longer name
    if spec.container.limits.pids is not None:
        # Podman has a default of its own, which cannot be told from the same number asked for
        ours[f"{PREFIX}pids"] = str(spec.container.limits.pids)
    return dict(spec.container.labels) | ours


def label_filter(project_id: str) -> str:
    """Select what is ours in an engine's list calls.

    One label only: Podman 4 takes several as alternatives when it lists volumes.
    """
    return json.dumps({"label": [f"{PREFIX}project-id={project_id}"]})


def read_label(labels: Mapping[str, str] | None, key: str) -> str:
    """Read one of our labels, empty where it is missing."""
    return (labels or {}).get(f"{PREFIX}{key}") or ""


def is_ours(found: Mapping[str, Any], project_id: str, kind: Kind, name: str) -> bool:
    """Whether an inspected thing (its `Labels` or `Config.Labels`) is ours and no copy."""
    labels = found.get("Labels") or (found.get("Config") or {}).get("Labels")
    return str(found.get("Name")).lstrip("/") == name and all(
        read_label(labels, key) == value
        for key, value in (("project-id", project_id), ("kind", kind), ("self", name))
    )


def listed_name(listed: Mapping[str, Any]) -> str:
    """Give a listed thing's own name; a container's names with a further slash are links to it."""
    names = [str(name).lstrip("/") for name in listed.get("Names") or (listed.get("Name"),)]
    return next((name for name in names if "/" not in name), "")


def is_listed(listed: Mapping[str, Any], kind: Kind, environment: str = "") -> bool:
    """Whether something in a list of our project's is of this kind and environment, no copy."""
    labels = listed.get("Labels")
    return (
        read_label(labels, "kind") == kind
        and read_label(labels, "environment") == environment
        and read_label(labels, "self") == listed_name(listed)
    )

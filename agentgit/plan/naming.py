"""Names of replicas, networks and volumes: deterministic, and different for every project id."""

from __future__ import annotations

from collections.abc import Collection

from agentgit.model.container import Volume
from agentgit.model.desired import Desired


def name_prefix(desired: Desired) -> str:
    """Begin every name of this project and environment: `acme-0b9c2f-production`."""
    project = desired.project
    return f"{project.name}-{project.id.replace('-', '')[:6]}-{desired.environment}"


def name_replica(
    desired: Desired, instance: str, slot: int, revision: str, taken: Collection[str]
) -> str:
    """Give the name with the lowest number that nobody has."""
    stem = f"{name_prefix(desired)}-{instance}-{slot}-{revision[:8]}"
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def name_network(desired: Desired, key: str) -> str:
    """Name a network of the environment."""
    return f"{name_prefix(desired)}-{key}"


def name_volume(desired: Desired, instance: str, volume: Volume, slot: int) -> str:
    """Name a volume: one for the environment when shared, one for the instance or slot else."""
    prefix = name_prefix(desired)
    if volume.access == "shared":
        return f"{prefix}-{volume.name}"
    if volume.access == "exclusive":
        return f"{prefix}-{instance}-{volume.name}"
    return f"{prefix}-{instance}-{volume.name}-{slot}"


def label_shared(desired: Desired) -> dict[str, str]:
    """Label what belongs to the project and environment rather than to one replica."""
    return {
        "dev.agentgit.project": desired.project.name,
        "dev.agentgit.environment": desired.environment,
    }

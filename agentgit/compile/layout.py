"""Which files are the layers of which instance, in order, and what exists."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from agentgit.compile.places import (
    DEFAULTS,
    environment_agent,
    environment_defaults,
    environment_file,
    global_agent,
    instance_file,
    stems,
)
from agentgit.compile.tree import Scalar
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.errors import UsageError
from agentgit.model.origin import LayerName
from agentgit.model.snapshot import Snapshot


class LayerFile(NamedTuple):
    """One place where a layer of an instance may be, and whether it is there."""

    layer: LayerName
    kind: str
    path: str
    exists: bool


def list_environments(snapshot: Snapshot) -> tuple[str, ...]:
    """Name the environments: the folders below environments/."""
    return tuple(sorted({
        path.split("/")[1]
        for path in snapshot.files
        if path.startswith("environments/") and path.count("/") > 1
    }))  # fmt: skip


def list_instances(snapshot: Snapshot, environment: str) -> tuple[str, ...]:
    """Name the instances that an environment declares."""
    return stems(snapshot.files, f"environments/{environment}/instances/")


def layers_of(snapshot: Snapshot, environment: str, instance: str) -> tuple[LayerFile, ...]:
    """List the layers of an instance, lowest first. Raises UsageError or ConfigError."""
    require_environment(snapshot, environment)
    require_instances(snapshot, environment, (instance,))
    workspace = Workspace(snapshot)
    document = workspace.document(instance_file(environment, instance))
    workspace.raise_problems()
    agent = document.spec.items.get("agent") if document is not None else None
    name = str(agent.value) if isinstance(agent, Scalar) else "?"
    return layer_files(snapshot, environment, name, instance)


def layer_files(
    snapshot: Snapshot, environment: str, agent: str, instance: str
) -> tuple[LayerFile, ...]:
    """List where the layers of an instance of an agent may be, lowest first."""
    places: tuple[tuple[LayerName, str, str], ...] = (
        ("global", "AgentDefaults", DEFAULTS),
        ("global", "Agent", global_agent(agent)),
        ("environment", "AgentDefaults", environment_defaults(environment)),
        ("environment", "Agent", environment_agent(environment, agent)),
        ("instance", "Instance", instance_file(environment, instance)),
    )
    return tuple(
        LayerFile(layer, kind, path, path in snapshot.files) for layer, kind, path in places
    )


def require_environment(snapshot: Snapshot, environment: str) -> None:
    """Refuse the name of an environment that does not exist. Raises UsageError."""
    known = list_environments(snapshot)
    if environment not in known:
        commit = "" if snapshot.commit is None else " and commit it"
        write = f"write {environment_file(environment)}{commit}"
        hint = did_you_mean(environment, known) or write
        if known and hint == write:
            hint = _known("environments", known) + (f"; for a new one {write}" if commit else "")
        raise UsageError(f"there is no environment {environment}", hint=hint)


def require_instances(snapshot: Snapshot, environment: str, names: Collection[str]) -> None:
    """Refuse the name of an instance that does not exist. Raises UsageError."""
    known = list_instances(snapshot, environment)
    for name in sorted(set(names) - set(known)):
        hint = did_you_mean(name, known) or _known("instances", known)
        raise UsageError(f"there is no instance {name} in {environment}", hint=hint)


def _known(what: str, names: Collection[str]) -> str:
    shown = list_names(names)
    return f"known {what}: {shown}" if len(shown) < 200 else f"there are {len(names)} {what}"

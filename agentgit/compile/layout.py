"""Which files are the layers of which instance, in order, and what exists."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple

from agentgit.compile.lineage import find_lineage
from agentgit.compile.places import (
    DEFAULTS,
    environment_agent,
    environment_defaults,
    environment_file,
    global_agent,
    instance_file,
)
from agentgit.compile.roster import Roster
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
    paths = sorted(snapshot.files)
    names: list[str] = []
    at = bisect_left(paths, "environments/")
    while at < len(paths) and paths[at].startswith("environments/"):
        parts = paths[at].split("/", 2)
        at += 1
        if len(parts) > 2:
            names.append(parts[1])
            at = bisect_left(paths, f"environments/{parts[1]}0", at)  # past it: 0 follows /
    return tuple(sorted(names))


def list_instances(snapshot: Snapshot, environment: str) -> tuple[str, ...]:
    """Name the instances that an environment declares, those of its sets included."""
    return Roster(Workspace(snapshot), environment).names()


def layers_of(snapshot: Snapshot, environment: str, instance: str) -> tuple[LayerFile, ...]:
    """List the layers of an instance, lowest first. Raises UsageError or ConfigError."""
    require_environment(snapshot, environment)
    require_instances(snapshot, environment, (instance,))
    workspace = Workspace(snapshot)
    member = Roster(workspace, environment).find(instance)
    lineage = find_lineage(workspace, environment)
    workspace.raise_problems()
    agent = member.agent if member is not None else None
    name = str(agent.value) if isinstance(agent, Scalar) else "?"
    kind, path = "Instance", instance_file(environment, instance)
    if member is not None:
        kind, path = member.document.kind, member.path
    own = LayerFile("instance", kind, path, path in snapshot.files)
    return (*shared_layers(snapshot, lineage.names, name), own)


def shared_layers(snapshot: Snapshot, lineage: Sequence[str], agent: str) -> tuple[LayerFile, ...]:
    """List where the layers below the instances of an agent may be, lowest first.

    `lineage` is the environment with what it extends, the furthest ancestor first.
    """
    places: list[tuple[LayerName, str, str]] = [
        ("global", "AgentDefaults", DEFAULTS),
        ("global", "Agent", global_agent(agent)),
    ]
    for environment in lineage:
        places.append(("environment", "AgentDefaults", environment_defaults(environment)))
        places.append(("environment", "Agent", environment_agent(environment, agent)))
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
    workspace = Workspace(snapshot)
    roster = Roster(workspace, environment)
    missing = sorted({name for name in names if roster.find(name) is None})
    # A file that is wrong is no instance yet; what is wrong with it is said when it is compiled.
    broken = [name for name in missing if workspace.failed(instance_file(environment, name))]
    if missing == broken:
        return
    workspace.raise_problems()
    known = roster.names()
    for name in missing:
        hint = did_you_mean(name, known) or _known("instances", known)
        raise UsageError(f"there is no instance {name} in {environment}", hint=hint)


def _known(what: str, names: Collection[str]) -> str:
    shown = list_names(names)
    return f"known {what}: {shown}" if len(shown) < 200 else f"there are {len(names)} {what}"

"""Where guards point: at what is asked for, and at the limit that speaks against it."""

from __future__ import annotations

from agentgit.errors import Location
from agentgit.model.desired import Desired, Instance
from agentgit.model.origin import Origin
from agentgit.model.value import Path
from agentgit.plan.fields import find_chain
from agentgit.plan.request import Evidence


def point_into(instance: Instance, path: Path, evidence: Evidence) -> Location:
    """Find where a value, or something below its path, is said; else the instance's own file."""
    chains = evidence.chains(instance.name)
    found = next((c for key, c in sorted(chains.items()) if key[: len(path)] == path), None)
    chain = found or find_chain(chains, path)
    return point_at(chain[0].origin) if chain else Location(instance.path)


def point_at_limit(desired: Desired, field: str, evidence: Evidence) -> Location:
    """Find where a limit of an environment is said, or would be; else the environment's file."""
    origin = evidence.environment_place(("protection", field))
    return point_at(origin) if origin else point_at_environment(desired.environment)


def point_at_environment(environment: str) -> Location:
    """Name the file of an environment, where no line of it is meant."""
    return Location(f"environments/{environment}/environment.yaml")


def point_at(origin: Origin) -> Location:
    """Point at a place that says something."""
    return Location(origin.path, origin.line, origin.column)

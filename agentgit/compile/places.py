"""Which kind of document lives at which path; YAML anywhere else would be silently ignored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from agentgit.errors import Location, Problem
from agentgit.model.origin import LayerName
from agentgit.model.value import MAX_NAME

PROJECT = "agentgit.yaml"
DEFAULTS = "global/defaults.yaml"
ROLLOUTS = "global/rollouts.yaml"
CATALOG = "global/catalog.yaml"
LOCK = "agentgit.lock"
MANY = frozenset({"Catalog", "Rollout"})  # kinds of which a file may hold several documents
_YAML = re.compile(r"\.ya?ml\Z", re.IGNORECASE)
_USUAL = re.compile(  # what nearly all files of a fleet are called
    rf"environments/[^/]+/instances/[a-z0-9](?:[a-z0-9-]{{0,{MAX_NAME - 2}}}[a-z0-9])?\.yaml\Z"
)
_FOLDERS = frozenset({"global", "global/agents", "environments"})
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_LAYOUT = (
    (re.compile(r"agentgit\.yaml\Z"), "Project", "global"),
    (re.compile(r"global/(?P<name>defaults)\.yaml\Z"), "AgentDefaults", "global"),
    (re.compile(r"global/agents/(?P<name>[^/]+)\.yaml\Z"), "Agent", "global"),
    (re.compile(r"global/rollouts\.yaml\Z"), "Rollout", "global"),
    (re.compile(r"global/catalog\.yaml\Z"), "Catalog", "global"),
    (
        re.compile(r"environments/(?P<name>[^/]+)/environment\.yaml\Z"),
        "Environment",
        "environment",
    ),
    (re.compile(r"environments/[^/]+/(?P<name>defaults)\.yaml\Z"), "AgentDefaults", "environment"),
    (re.compile(r"environments/[^/]+/agents/(?P<name>[^/]+)\.yaml\Z"), "Agent", "environment"),
    (re.compile(r"environments/[^/]+/instances/(?P<name>[^/]+)\.yaml\Z"), "Instance", "instance"),
)
_GLOBAL_HINT = "global/ holds defaults.yaml, catalog.yaml, rollouts.yaml and agents/NAME.yaml"
_ENVIRONMENT_HINT = (
    "environments/ENV/ holds environment.yaml, defaults.yaml, agents/NAME.yaml and "
    "instances/NAME.yaml"
)


class Place(NamedTuple):
    """What belongs at a path; `name` is the name the document must have, None where it is free."""

    kind: str
    layer: LayerName
    name: str | None


def place_of(path: str) -> Place | None:
    """Say what belongs at a path, None where no document does."""
    for pattern, kind, layer in _LAYOUT:
        match = pattern.match(path)
        if match is not None:
            name = match.groupdict().get("name")
            return Place(kind, "global" if layer == "global" else _layer(layer), name)
    return None


def find_misplaced(paths: Iterable[str]) -> tuple[Problem, ...]:
    """Report every YAML file that nothing would read, and every name that no document can have."""
    unusual = (path for path in paths if not _USUAL.match(path))
    return tuple(problem for path in unusual if (problem := _misplaced(path)) is not None)


def find_detours(links: Iterable[str], submodules: Iterable[str]) -> tuple[Problem, ...]:
    """Report links and submodules that stand where layers are looked for.

    Behind them may be a whole environment, which would be missing without a word. A link that
    has the name of a file is reported when it is read, or is no layer.
    """
    hint = "put the folder itself here"
    return (
        *(
            Problem("links are not followed", Location(path), hint)
            for path in links
            if "." not in path.rpartition("/")[2] and _holds_layers(path)
        ),
        *(
            Problem("this is a submodule, and its files are not read", Location(path), hint)
            for path in submodules
            if _holds_layers(path)
        ),
    )


def _holds_layers(path: str) -> bool:
    return path in _FOLDERS or path.startswith(("global/agents/", "environments/"))


def global_agent(agent: str) -> str:
    """The path that defines an agent."""
    return f"global/agents/{agent}.yaml"


def environment_file(environment: str) -> str:
    """The path that declares an environment."""
    return f"environments/{environment}/environment.yaml"


def environment_defaults(environment: str) -> str:
    """The path of what differs in an environment for every agent."""
    return f"environments/{environment}/defaults.yaml"


def environment_agent(environment: str, agent: str) -> str:
    """The path of what differs in an environment for one agent."""
    return f"environments/{environment}/agents/{agent}.yaml"


def instance_file(environment: str, instance: str) -> str:
    """The path that declares an instance."""
    return f"environments/{environment}/instances/{instance}.yaml"


def is_name(text: str) -> bool:
    """Whether a document can have this name."""
    return len(text) <= MAX_NAME and _NAME.match(text) is not None


def stems(paths: Iterable[str], folder: str) -> tuple[str, ...]:
    """Names of the documents right inside a folder that ends with a slash."""
    return tuple(sorted(
        path[len(folder) : -len(".yaml")]
        for path in paths
        if path.startswith(folder) and path.endswith(".yaml") and "/" not in path[len(folder) :]
    ))  # fmt: skip


def _layer(name: str) -> LayerName:
    return "instance" if name == "instance" else "environment"


def _misplaced(path: str) -> Problem | None:
    top = path.partition("/")[0]
    if path != PROJECT and top not in {"global", "environments"}:
        if path.lower() in {"agentgit.yml", "agentgit.yaml"}:
            return Problem("this file is not read", Location(path), f"rename it to {PROJECT}")
        return None
    if not _YAML.search(path) or path.startswith(("global/prompts/", "global/schemas/")):
        return None
    place = place_of(path)
    if place is None:
        return Problem("this file is not read by agentgit", Location(path), _hint(path, top))
    name = place.name
    if name is not None and not is_name(name):
        message = f"{name if name.isprintable() else repr(name)} cannot be a name"
        hint = f"use lower-case letters, digits and hyphens, at most {MAX_NAME}"
        return Problem(message, Location(path), hint)
    return None


def _hint(path: str, top: str) -> str:
    renamed = _YAML.sub(".yaml", path)
    if renamed != path and place_of(renamed) is not None:
        return f"rename it to {renamed}"
    return _GLOBAL_HINT if top == "global" else _ENVIRONMENT_HINT

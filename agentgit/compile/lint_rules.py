"""The rules of `lint` that need no history of a merge: what nobody uses, and what is risky."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from agentgit.compile.catalog import Catalog
from agentgit.compile.lint_use import Use, place_of_node
from agentgit.compile.places import ROLLOUTS, place_of
from agentgit.compile.tree import locate, locate_key
from agentgit.compile.workspace import Workspace
from agentgit.errors import Location, Problem
from agentgit.model.finding import Finding

_LAYERS = frozenset({"AgentDefaults", "Agent"})
_NAMED_FOLDERS = ("global/prompts/", "global/schemas/")  # where files lie only to be named
_PINNED = re.compile(  # 20250929, 2025-09-29, 0613, 001, v2, @001, :sha256-...
    r"\d{4}-?\d{2}-?\d{2}(?!\d)|[-@]\d{3,4}(?!\d)|[-@:]v\d+(?::\d+)?\Z|sha256"
)


def find_unused(workspace: Workspace, use: Use, named: Collection[str]) -> Iterator[Finding]:
    """Find files, definitions and policies that no instance leads to."""
    for path in workspace.paths:
        place = place_of(path)
        if place is not None and place.kind in _LAYERS and path not in use.paths:
            yield _unused_file(path, "no instance has this layer")
        elif path.startswith(_NAMED_FOLDERS) and not _is_named(path, named):
            yield _unused_file(path, "no instance names this file")
    for kind, entries in Catalog(workspace).entries.items():
        for name, node in entries.items():
            if place_of_node(node) not in use.definitions:
                message = f"no instance names {kind}.{name}"
                yield Finding("unused-definition", Problem(message, locate_key(node, name)))
    for document in workspace.documents(ROLLOUTS):
        if document.name not in use.rollouts:
            where = locate_key(document.root.items["metadata"], "metadata")
            message = f"no instance names the rollout {document.name}"
            yield Finding("unused-rollout", Problem(message, where))


def find_risky(use: Use) -> Iterator[Finding]:
    """Find models and images that can change by themselves, and replicas that are killed."""
    for node in use.models.values():
        if not _PINNED.search(str(node.value)):
            message = f"the model id {node.value} has no date or version"
            yield Finding("undated-model", Problem(message, locate(node)))
    for node in use.images.values():
        image = str(node.value)
        if "@sha256:" not in image and not image.startswith("localhost/"):
            message = f"the image {image} has no digest"
            yield Finding("image-without-digest", Problem(message, locate(node)))
    for grace in use.killed.values():
        message = "stop_grace_period is 0: answers under way are lost"
        yield Finding("no-grace-period", Problem(message, locate(grace)))


def _is_named(path: str, named: Collection[str]) -> bool:
    """Whether a file is named, or a folder that it lies in."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in named for count in range(1, len(parts) + 1))


def _unused_file(path: str, message: str) -> Finding:
    return Finding("unused-file", Problem(message, Location(path)))

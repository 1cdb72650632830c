"""The revision: a versioned digest of everything in an instance that needs a new replica.

Only values that differ from the model's defaults count, so a field that a later release adds
changes no revision. Mappings are sorted and names are those of the format: neither the order in a
file nor a renamed attribute matters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from agentgit.model.container import IN_PLACE
from agentgit.model.spec import AgentSpec

FORMAT = 1  # raised only when every replica everywhere must be replaced
_SHARED = frozenset({"card", "model", "tools", "config"})
_OF_PROCESSES = frozenset(
    {"environment", "ports", "healthcheck", "stop_grace_period", "stop_signal"}
)


def compute_revisions(spec: AgentSpec, source: str) -> tuple[str, str]:
    """Digest a resolved spec: as a container, and as a process run from a folder's `source`."""
    shared = _dump(spec, include=_SHARED)
    if spec.instructions is not None:
        shared["instructions"] = spec.instructions.text
    container = {} if spec.container is None else _dump(spec.container, exclude=set(IN_PLACE))
    as_container = {**shared, "container": container}
    usable = {key: value for key, value in container.items() if key in _OF_PROCESSES}
    as_process = {**shared, "container": usable, "source": source}
    if spec.process is not None:
        as_process["process"] = _dump(spec.process, exclude={"source"})
    return _digest("container", as_container), _digest("process", as_process)


def _dump(value: Any, **which: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = value.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, **which
    )
    return dumped


def _digest(kind: str, content: Mapping[str, Any]) -> str:
    content = {key: value for key, value in content.items() if value not in ({}, None, "")}
    text = json.dumps(
        {"format": FORMAT, "kind": kind, **content},
        sort_keys=True, separators=(",", ":"), allow_nan=False,
    )  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()

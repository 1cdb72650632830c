"""The revision: a versioned digest of everything in an instance that needs a new replica.

Only values that differ from the model's defaults count, so a field that a later release adds
changes no revision. Mappings are sorted and names are those of the format: neither the order in a
file nor a renamed attribute matters. What is digested is JSON, put together block by block, so
that blocks which many instances share are written once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from agentgit.model.container import IN_PLACE
from agentgit.model.spec import AgentSpec
from agentgit.model.value import Value

FORMAT = 1  # raised only when every replica everywhere must be replaced
_OF_PROCESSES = frozenset(
    {"environment", "ports", "healthcheck", "stop_grace_period", "stop_signal"}
)
_IN_PLACE = set(IN_PLACE)
_NOTHING = frozenset({"{}", "null", '""'})
_MAX_BLOCKS = 4096
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
Written = dict[int, tuple[object, str]]  # id -> the block, kept so that its id stays its own


def compute_revisions(
    spec: AgentSpec, source: str, written: Written | None = None
) -> tuple[str, str]:
    """Digest a resolved spec: as a container, and as a process run from a folder's `source`.

    `written` remembers the JSON of blocks from one instance to the next.
    """
    known: Written = {} if written is None else written
    if len(known) > _MAX_BLOCKS:
        known.clear()
    shared = {
        "card": _write(spec.card, known),
        "model": "{}" if spec.model is None else _write(spec.model, None),
        "tools": _join({_encode(key): _write(tool, known) for key, tool in spec.tools.items()}),
    }
    if spec.knowledge:
        entries = {_encode(key): _write(one, known) for key, one in spec.knowledge.items()}
        shared["knowledge"] = _join(entries)
    if spec.config:
        shared["config"] = _encode(_dump(spec, include={"config"}).get("config", {}))
    if spec.instructions is not None:
        shared["instructions"] = _encode(spec.instructions.text)
    container = {} if spec.container is None else _dump(spec.container, exclude=_IN_PLACE)
    usable = {key: value for key, value in container.items() if key in _OF_PROCESSES}
    as_process = {**shared, "container": _encode(usable), "source": _encode(source)}
    if spec.process is not None:
        as_process["process"] = _encode(_dump(spec.process, exclude={"source"}))
    as_container = {**shared, "container": _encode(container)}
    return _digest("container", as_container), _digest("process", as_process)


def write_json(value: Any) -> str:
    """Write a JSON value in one way, whatever the order of its keys."""
    return _encode(value)


def digest_json(value: Any) -> str:
    """Digest a JSON value; the order of keys does not matter."""
    return hashlib.sha256(_encode(value).encode()).hexdigest()


def _write(block: Value, known: Written | None) -> str:
    """Write a block as JSON; with `known`, once for all instances that share it."""
    found = None if known is None else known.get(id(block))
    if found is None:
        dumped = _dump(block)
        dumped.pop("ref", None)  # what it names in the catalog counts, not the name
        found = (block, _encode(dumped))
        if known is not None:
            known[id(block)] = found
    return found[1]


def _dump(value: Value, **which: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = value.__pydantic_serializer__.to_python(
        value, mode="json", by_alias=True, exclude_defaults=True, **which
    )
    return dumped


def _join(texts: Mapping[str, str]) -> str:
    """Write an object of keys and values that are JSON already."""
    return "{" + ",".join([f"{key}:{texts[key]}" for key in sorted(texts)]) + "}"


def _digest(kind: str, content: Mapping[str, str]) -> str:
    said = {f'"{key}"': text for key, text in content.items() if text not in _NOTHING}
    text = _join({'"format"': str(FORMAT), '"kind"': f'"{kind}"', **said})
    return hashlib.sha256(text.encode()).hexdigest()

"""The resolved document of an instance, as `compile` prints it: plain, complete, deterministic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from agentgit.compile.scalars import resolve_plain
from agentgit.model.desired import Instance
from agentgit.model.spec import AgentSpec
from agentgit.model.value import Json

_WORD = re.compile(r"[A-Za-z0-9_/.](?:[A-Za-z0-9_/.+@-]|[ :](?=[A-Za-z0-9_/.+@-]))*\Z")
_BLOCK_LINE = re.compile("[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*\\Z")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def resolved_document(instance: Instance) -> dict[str, Json]:
    """Give an instance as JSON values, keys sorted."""
    rollout = instance.rollout.model_dump(mode="json", by_alias=True, exclude_none=True)
    document = {
        "agent": instance.agent,
        "labels": dict(instance.labels),
        "name": instance.name,
        "path": instance.path,
        "processRevision": instance.process_revision,
        "revision": instance.revision,
        "spec": {
            **resolved_spec(instance.spec),
            "rollout": rollout,
        },
    }
    plain: dict[str, Json] = _sort(document)
    return plain


def resolved_spec(spec: AgentSpec) -> dict[str, Json]:
    """Give a spec as JSON values with its defaults, keys sorted; what is not set is left out."""
    dumped = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    plain: dict[str, Json] = _sort(dumped)
    return plain


def emit_yaml(value: Json) -> str:
    """Write JSON values as YAML that our own parser, and any other, reads back equal."""
    if isinstance(value, Mapping) and value:
        return "".join(f"{line}\n" for line in _map_lines(value))
    if _is_list(value) and value:
        return "".join(f"{line}\n" for line in _list_lines(value))
    return f"{_flow(value)}\n"


def _map_lines(value: Mapping[str, Json]) -> Iterator[str]:
    for key, item in value.items():
        shown = _text(key)
        if isinstance(item, Mapping) and item:
            yield f"{shown}:"
            yield from (f"  {line}" if line else "" for line in _map_lines(item))
        elif _is_list(item) and item:
            yield f"{shown}:"
            yield from (f"  {line}" if line else "" for line in _list_lines(item))
        elif isinstance(item, str) and _fits_block(item):
            yield f"{shown}: |{'' if item.endswith(chr(10)) else '-'}"
            lines = item.removesuffix("\n").split("\n")
            yield from (f"  {line}" if line else "" for line in lines)
        else:
            yield f"{shown}: {_flow(item)}"


def _list_lines(value: Sequence[Json]) -> Iterator[str]:
    for item in value:
        if isinstance(item, Mapping) and item:
            yield from _indent_item(_map_lines(item))
        elif _is_list(item) and item:
            yield from _indent_item(_list_lines(item))
        else:
            yield f"- {_flow(item)}"


def _indent_item(lines: Iterator[str]) -> Iterator[str]:
    yield f"- {next(lines)}"
    yield from (f"  {line}" if line else "" for line in lines)


def _flow(value: Json) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if _is_list(value) else json.dumps(value)


def _text(value: str) -> str:
    if _WORD.match(value) and resolve_plain(value) == value and not value.startswith("..."):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)


def _fits_block(value: str) -> bool:
    """Whether text of several lines can be written as it is."""
    lines = value.removesuffix("\n").split("\n")
    fits = all(_BLOCK_LINE.match(line) and line == line.rstrip(" ") for line in lines)
    return len(lines) > 1 and fits and bool(lines[0]) and lines[0][0] != " " and bool(lines[-1])


def _is_list(value: Json) -> bool:
    return isinstance(value, list | tuple)


def _sort(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _sort(value[key]) for key in sorted(value)}
    return [_sort(item) for item in value] if _is_list(value) else value

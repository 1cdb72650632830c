"""Reads what a milestone holds, tolerantly: other versions of agentgit write here too. Pure."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from agentgit.model.events import Event
from agentgit.model.rollout import RolloutRecord
from agentgit.model.value import Json


def read_record(data: bytes) -> RolloutRecord | None:
    """Read a record; fields that only a newer agentgit knows are left out. None: unreadable."""
    try:
        return RolloutRecord.model_validate_json(data)
    except ValidationError as error:
        unknown = [one["loc"] for one in error.errors() if one["type"] == "extra_forbidden"]
    if not unknown:
        return None
    document = TypeAdapter(Json).validate_json(data)
    for path in unknown:
        _remove(document, path)
    try:
        return RolloutRecord.model_validate(document)
    except ValidationError:
        return None


def read_event(line: bytes) -> Event | None:
    """Read one line of events; None when it is of a kind that only a newer agentgit knows."""
    try:
        return _event_adapter().validate_json(line)
    except ValidationError:
        return None


@cache
def _event_adapter() -> TypeAdapter[Event]:
    return TypeAdapter(Event)


def _remove(document: Json, path: tuple[int | str, ...]) -> None:
    *parents, last = path
    for key in parents:
        document = document[key]
    del document[last]

"""Finds what would be removed and created although it is the same: only its name is another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agentgit.errors import Location
from agentgit.model.desired import Instance
from agentgit.model.refusal import Refusal
from agentgit.model.value import Json
from agentgit.plan.draft import Draft
from agentgit.plan.pointing import point_at_environment
from agentgit.plan.refusal import refuse

_EDITS = 3  # values that somebody may change together with a name
_TRIED = 50  # new instances that one that goes is held against, value by value


class _Content(NamedTuple):
    """What an instance is, value by value; `same` is equal for those that differ in name only."""

    instance: Instance
    values: Mapping[str, Json]
    same: frozenset[tuple[str, str]]


def refuse_second_fleet(draft: Draft) -> Iterator[Refusal]:
    """Refuse to begin an environment while one that is gone from the commit still runs."""
    fresh = not draft.observed.replicas and any(one.kind == "create" for one in draft.changes)
    if not (draft.request.orphans and fresh):
        return
    name, gone = draft.desired.environment, draft.request.orphans[0]
    yield refuse(
        "renames",
        [
            f"{name} would be created, and {one}, which this commit does not have any more, was "
            "never destroyed: there would be two fleets"
            for one in draft.request.orphans
        ],
        f"keep the name {gone}, or first: agentgit destroy -e {gone}",
        point_at_environment(name),
    )


def refuse_renames(draft: Draft) -> Iterator[Refusal]:
    """Refuse what is probably the same instance under another name."""
    gone = [one for one in draft.changes if one.kind == "remove"]
    created = [
        instance
        for one in draft.changes
        if one.kind == "create" and (instance := draft.desired.instance(one.instance))
    ]
    if draft.allows("renames") or not gone or not created:
        return
    candidates = [_read(one) for one in created]
    pairs = [(one.instance, _find_same(one.instance, candidates, draft)) for one in gone]
    found = [(old, new) for old, new in pairs if new is not None]
    if found:
        old, new = found[0]
        yield refuse(
            "renames",
            [
                f"{before} would be removed and {after.name}, the same under another name, "
                "created: volumes and history stay with the old name"
                for before, after in found
            ],
            f"keep the name {old}, or create {new.name} first and remove {old} with a later "
            "commit",
            Location(new.path),
        )


def _find_same(gone: str, candidates: list[_Content], draft: Draft) -> Instance | None:
    """Find the new instance that is what one that goes was, but for its name and a few edits."""
    replicas = draft.observed.replicas_of(gone)
    held = {one.revision for one in replicas}
    for one in candidates:
        if held & {one.instance.revision, one.instance.process_revision}:
            return one.instance
    past = draft.evidence.applied(gone) or (
        draft.evidence.before(replicas[0]) if replicas else None
    )
    if past is None:
        return None
    before = _read(past)
    mine = [one for one in candidates if one.instance.agent == past.agent]
    exact = next((one for one in mine if one.same == before.same), None)
    if exact is not None:
        return exact.instance
    # Members of one set differ in a few values by their very nature.
    others = [one for one in mine if one.instance.path != past.path]
    near = (one for one in others[:_TRIED] if _count_edits(before, one) <= _EDITS)
    found = next(near, None)
    return found.instance if found else None


def _count_edits(before: _Content, after: _Content) -> int:
    """Count the values that differ otherwise than by the name."""
    old, new = dict(before.same), dict(after.same)
    return sum(
        before.values.get(path) != after.values.get(path) and old.get(path) != new.get(path)
        for path in old.keys() | new.keys()
    )


def _read(instance: Instance) -> _Content:
    spec = instance.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    values = dict(_walk(spec, ""))
    values["process.source"] = instance.source_digest
    name = re.compile(rf"(?<![\w-]){re.escape(instance.name)}(?![\w-])")
    same = frozenset((path, name.sub("\0", repr(value))) for path, value in values.items())
    return _Content(instance, values, same)


def _walk(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Give every value that is no map, with its path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}")
    else:
        yield path, value

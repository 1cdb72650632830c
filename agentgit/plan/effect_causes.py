"""What changes in an environment, gathered by the place that decides it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from agentgit.model.change import FieldChange
from agentgit.model.effect import EffectCause, InstanceEffect, Way
from agentgit.model.origin import Origin


class _Key(NamedTuple):
    """A place; values of one line belong together. `gone` is a place of the older commit."""

    path: str
    line: int
    gone: bool


def group_by_cause(
    effects: Sequence[InstanceEffect], own: Sequence[FieldChange]
) -> tuple[EffectCause, ...]:
    """Give the causes: what is the environment's own, widest reach, new ones, removed ones."""
    changes = _gather({one.instance: one.fields for one in effects if one.kind == "change"})
    changes = sorted(_merge_equal(changes), key=_order)
    return (
        *_gather({"": own}),
        *changes,
        *_gather_files([one for one in effects if one.kind == "create"]),
        *_gather_files([one for one in effects if one.kind == "remove"]),
    )


def _gather(fields: Mapping[str, Sequence[FieldChange]]) -> list[EffectCause]:
    """Gather by place first, then by what exactly happens there; no name is the environment."""
    places: dict[_Key, Origin] = {}
    ways: dict[_Key, dict[str, tuple[tuple[FieldChange, ...], list[str]]]] = {}
    for name, changed in fields.items():
        mine: dict[_Key, list[FieldChange]] = {}
        for field in changed:
            key, place = _place_of(field)
            places.setdefault(key, place)
            mine.setdefault(key, []).append(field)
        for key, some in mine.items():
            way = ways.setdefault(key, {}).setdefault(_digest(some), (tuple(some), []))
            way[1].append(name)
    return [
        EffectCause(
            places=(places[key],),
            gone=key.gone,
            ways=tuple(
                Way(fields=some, instances=tuple(name for name in names if name))
                for some, names in sorted(found.values(), key=lambda one: (-len(one[1]), one[1]))
            ),
        )
        for key, found in ways.items()
    ]


def _merge_equal(causes: Sequence[EffectCause]) -> list[EffectCause]:
    """Make one of places that do the very same, each to others: an edit in many files."""
    groups: dict[tuple[bool, tuple[str, ...]], list[EffectCause]] = {}
    for cause in causes:
        same = tuple(sorted(_digest(way.fields) for way in cause.ways))
        groups.setdefault((cause.gone, same), []).append(cause)
    return [_join(members) if len(members) > 1 else members[0] for members in groups.values()]


def _join(members: Sequence[EffectCause]) -> EffectCause:
    members = sorted(members, key=_order)
    names: dict[str, set[str]] = {}
    for way in (way for cause in members for way in cause.ways):
        names.setdefault(_digest(way.fields), set()).update(way.instances)
    ways = (
        Way(fields=way.fields, instances=tuple(sorted(names[_digest(way.fields)])))
        for way in members[0].ways
    )
    places = sorted((cause.places[0] for cause in members), key=lambda one: (one.path, one.line))
    return EffectCause(places=tuple(places), gone=members[0].gone, ways=tuple(ways))


def _gather_files(effects: Sequence[InstanceEffect]) -> list[EffectCause]:
    """Gather what comes or goes by agent: the files are the places."""
    ordered = sorted(effects, key=lambda one: (one.agent, one.instance))
    causes = []
    for _, found in groupby(ordered, key=lambda one: one.agent):
        members = list(found)
        places = tuple(
            Origin(layer="instance", path=path) for path in sorted({one.path for one in members})
        )
        way = Way(instances=tuple(one.instance for one in members))
        kind, gone = members[0].kind, members[0].kind == "remove"
        causes.append(EffectCause(kind=kind, places=places, gone=gone, ways=(way,)))
    return causes


def _place_of(field: FieldChange) -> tuple[_Key, Origin]:
    gone = field.origin is None and field.was is not None
    place = field.origin or field.was or Origin(layer="global", path="")
    return _Key(place.path, place.line, gone), place


def _digest(fields: Sequence[FieldChange]) -> str:
    """Tell sets of changes apart by path, before and after."""
    return json.dumps(
        [(one.path, one.had, one.before, one.has, one.after) for one in fields], sort_keys=True
    )


def _order(cause: EffectCause) -> tuple[int, str, int]:
    reach = sum(len(way.instances) for way in cause.ways)
    return -reach, cause.places[0].path, cause.places[0].line

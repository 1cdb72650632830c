"""Which fields of an instance changed, each with the layer that says so.

Digests were compared before; DeepDiff runs only for instances whose digests differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import cast

from deepdiff import DeepDiff

from agentgit.model.change import FieldChange
from agentgit.model.container import FOR_PROCESS, IN_PLACE
from agentgit.model.desired import Instance
from agentgit.model.observed import EngineKind
from agentgit.model.origin import Chain, Chains
from agentgit.model.value import Json, Path, dotted
from agentgit.plan.field_facts import changed_lines, classify, find_forced
from agentgit.plan.origins import TEXT, Sides, locate, locate_agent

_CONTENT = (
    "card", "model", "instructions", "tools", "knowledge", "config", "container", "process",
)  # fmt: skip
_NOTHING: tuple[Json, ...] = (None, "", [], {})
MISSING = object()


class Side:
    """One side of a comparison: what an instance has that is no default, and its defaults."""

    def __init__(self, instance: Instance, content: Mapping[str, Json]) -> None:
        self.content = content
        self._instance = instance
        self._whole: Json = None

    def value(self, path: Path) -> Json:
        """Give the value at a path, which may be a default; MISSING where there is nothing."""
        found = look_up(self.content, path)
        if found is not MISSING:
            return found
        if self._whole is None:
            self._whole = self._instance.spec.model_dump(mode="json", by_alias=True)
        default = look_up(self._whole, path)
        return MISSING if default in _NOTHING else default


def compare_fields(
    before: Instance, after: Instance, sides: Sides, engines: Collection[EngineKind]
) -> tuple[FieldChange, ...]:
    """List the fields that differ, in order of path, as far as they matter on those engines."""
    old, new = Side(before, _content(before, engines)), Side(after, _content(after, engines))
    fields = [describe(path, old, new, sides) for path in _changed_paths(old.content, new.content)]
    if before.agent != after.agent:
        fields.append(locate_agent(before.agent, after.agent, sides))
    return tuple(sorted(fields, key=lambda field: field.path))


def compare_placement(before: Instance, after: Instance, sides: Sides) -> tuple[FieldChange, ...]:
    """List what differs in where replicas may be."""
    old, new = (
        Side(one, one.spec.model_dump(mode="json", by_alias=True, include={"placement"}))
        for one in (before, after)
    )
    paths = _changed_paths(old.content, new.content)
    return tuple(describe(path, old, new, sides) for path in paths)


def _content(instance: Instance, engines: Collection[EngineKind]) -> Mapping[str, Json]:
    """Dump what a revision is made of, without defaults, as the user writes it."""
    spec = instance.spec.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, include=set(_CONTENT)
    )
    (spec.get("instructions") or {}).pop("file", None)  # only its bytes count
    for block in (spec.get("model") or {}, *(spec.get("knowledge") or {}).values()):
        block.pop("ref", None)  # only what it names counts
    if "process" not in engines:
        spec.pop("process", None)
    elif spec.get("process") and instance.source_digest:
        spec["process"]["source"] += f" ({instance.source_digest[:8]})"
    container = spec.get("container") or {}
    for key in list(container):  # what is changed in place is compared live
        if key in IN_PLACE or (set(engines) == {"process"} and key not in FOR_PROCESS):
            del container[key]
    return cast("Mapping[str, Json]", spec)


def _changed_paths(old: Mapping[str, Json], new: Mapping[str, Json]) -> tuple[Path, ...]:
    """Find the paths of maps that differ; a list is one value, however long."""
    tree = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    paths: set[Path] = set()
    for level in (level for levels in tree.values() for level in levels):
        keys = level.path(output_format="list")
        whole = next((i for i, key in enumerate(keys) if isinstance(key, int)), len(keys))
        paths.update(_leaves(tuple(keys[:whole]), old, new))
    return tuple(sorted(paths))


def _leaves(path: Path, old: Json, new: Json) -> Iterable[Path]:
    """Go down to the leaves of a map that was added or removed as a whole."""
    sides = [look_up(side, path) for side in (old, new)]
    maps = [side for side in sides if isinstance(side, dict) and side]
    if not maps or any(side is not MISSING and not isinstance(side, dict) for side in sides):
        return [path]
    keys = sorted({key for side in maps for key in side})
    return [leaf for key in keys for leaf in _leaves((*path, key), old, new)]


def describe(path: Path, old: Side, new: Side, sides: Sides) -> FieldChange:
    """Describe one path that differs, with the places that decide it."""
    before, after = old.value(path), new.value(path)
    lines = None
    if path == TEXT and isinstance(before, str) and isinstance(after, str):
        lines = changed_lines(before, after)
    field = FieldChange(
        path=dotted(path),
        change_class=classify(path),
        had=before is not MISSING,
        before=None if before is MISSING else before,
        has=after is not MISSING,
        after=None if after is MISSING else after,
        lines=lines,
        forces=find_forced(path),
    )
    return locate(field, path, sides, said=look_up(new.content, path) is not MISSING)


def find_chain(chains: Chains, path: Path) -> Chain:
    """Find the chain of a path, or of the nearest path above it."""
    for length in range(len(path), 0, -1):
        if path[:length] in chains:
            return chains[path[:length]]
    return ()


def look_up(value: Json, path: Path) -> Json:
    """Give what stands at a path, MISSING where nothing does."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return MISSING
        value = value[key]
    return value

"""Which fields of an instance changed, each with the layer that says so.

Digests were compared before; DeepDiff runs only for instances whose digests differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from deepdiff import DeepDiff

from agentgit.model.change import FieldChange
from agentgit.model.container import FOR_PROCESS, IN_PLACE
from agentgit.model.desired import Instance
from agentgit.model.observed import EngineKind
from agentgit.model.origin import Chain, Chains, Origin
from agentgit.model.value import Json, Path, dotted
from agentgit.plan.field_facts import CLASSES, changed_lines

_CONTENT = (
    "card", "model", "instructions", "tools", "knowledge", "config", "container", "process",
)  # fmt: skip
MISSING = object()


def compare_fields(
    before: Instance, after: Instance, chains: Chains, engine: EngineKind
) -> tuple[FieldChange, ...]:
    """List the fields that differ, in order of path, as far as they matter on that engine."""
    old, new = _content(before, engine), _content(after, engine)
    changes = [_describe(path, old, new, chains) for path in _changed_paths(old, new)]
    if engine == "process" and before.source_digest != after.source_digest:
        changes.append(_describe_source(before, after, chains))
    return tuple(sorted(changes, key=lambda change: change.path))


def _content(instance: Instance, engine: EngineKind) -> Mapping[str, Json]:
    """Dump what a revision is made of, without defaults, as the user writes it."""
    spec = instance.spec.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, include=set(_CONTENT)
    )
    (spec.get("instructions") or {}).pop("file", None)  # only its bytes count
    for block in (spec.get("model") or {}, *(spec.get("knowledge") or {}).values()):
        block.pop("ref", None)  # only what it names counts
    if engine != "process":
        spec.pop("process", None)
    container = spec.get("container") or {}
    for key in list(container):  # what is changed in place is compared live
        if key in IN_PLACE or (engine == "process" and key not in FOR_PROCESS):
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


def _describe(
    path: Path, old: Mapping[str, Json], new: Mapping[str, Json], chains: Chains
) -> FieldChange:
    before, after = look_up(old, path), look_up(new, path)
    chain = find_chain(chains, path)
    origin, over = deciding_origins(chain, gone=after is MISSING)
    lines = None
    if path == ("instructions", "text") and isinstance(before, str) and isinstance(after, str):
        lines = changed_lines(before, after)
        if origin is not None and origin.line <= 1 and not origin.path.endswith((".yaml", ".yml")):
            origin, over = origin.model_copy(update={"line": lines[0], "column": 0}), None
    return FieldChange(
        path=dotted(path),
        change_class="image" if path == ("container", "image") else CLASSES[path[0]],
        had=before is not MISSING,
        before=None if before is MISSING else before,
        has=after is not MISSING,
        after=None if after is MISSING else after,
        origin=origin,
        over=over,
        lines=lines,
    )


def _describe_source(before: Instance, after: Instance, chains: Chains) -> FieldChange:
    origin, _ = deciding_origins(find_chain(chains, ("process", "source")), gone=False)
    return FieldChange(
        path="process.source",
        change_class="process",
        before=f"{before.spec.process.source if before.spec.process else ''} "
        f"({before.source_digest[:8]})",
        after=f"{after.spec.process.source if after.spec.process else ''} "
        f"({after.source_digest[:8]})",
        origin=origin,
    )


def find_chain(chains: Chains, path: Path) -> Chain:
    """Find the chain of a path, or of the nearest path above it."""
    for length in range(len(path), 0, -1):
        if path[:length] in chains:
            return chains[path[:length]]
    return ()


def deciding_origins(chain: Chain, *, gone: bool) -> tuple[Origin | None, Origin | None]:
    """Say who decides and whom they override."""
    if not chain:
        return None, None
    deciding = next((s for s in chain if (s.state == "removed") == gone), chain[0])
    below = [s for s in chain if s.state == "overridden"]
    return deciding.origin, below[0].origin if below else None


def look_up(value: Json, path: Path) -> Json:
    """Give what stands at a path, MISSING where nothing does."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return MISSING
        value = value[key]
    return value

"""The tags that change a list or a map in place: `!append`, `!prepend`, `!remove`."""

from __future__ import annotations

from agentgit.compile.notes import Notes
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, locate, to_plain
from agentgit.compile.words import show
from agentgit.errors import Problem
from agentgit.model.value import Json, Path, dotted

EXTENDING = frozenset({"!append", "!prepend"})


def extend_list(below: ListNode, above: ListNode, notes: Notes, path: Path) -> ListNode:
    """Put the items of a layer behind or before those of the lower ones."""
    notes.act(above)
    first, second = (below, above) if above.tag == "!append" else (above, below)
    return _rewritten(above, [*first.items, *second.items], notes, path)


def remove_values(below: ListNode, above: ListNode, notes: Notes, path: Path) -> ListNode:
    """Take values out of the list of the lower layers."""
    from agentgit.compile.revision import write_json

    unwanted = {write_json(to_plain(item)) for item in above.items}
    kept = [item for item in below.items if write_json(to_plain(item)) not in unwanted]
    present = {write_json(to_plain(item)) for item in below.items}
    words = [item.value for item in below.items
             if isinstance(item, Scalar) and isinstance(item.value, str)]  # fmt: skip
    for item in above.items:
        if write_json(to_plain(item)) in present:
            notes.act(item)
        else:
            message = f"!remove takes {show(item)} out of {dotted(path)}, where it is not"
            hint = notes.guess(to_plain(item), words) or "leave it out"
            notes.idle(item, Problem(message, locate(item), hint))
    return _rewritten(above, kept, notes, path)


def remove_names(below: MapNode, above: ListNode, notes: Notes, path: Path) -> MapNode:
    """Take entries out of a map (or keyed list) of the lower layers, by their names."""
    result = MapNode(above.file, above.at)
    result.key_at = above.key_at
    result.items = dict(below.items)
    for item in above.items:
        name = str(item.value) if isinstance(item, Scalar) else ""
        if result.items.pop(name, None) is None:
            message = f"!remove takes {name} out of {dotted(path)}, where it is not"
            hint = notes.guess(name, below.items) or "leave it out"
            notes.idle(item, Problem(message, locate(item), hint))
            continue
        notes.act(item)
        if notes.record is not None:
            notes.record.remove((*path, name), item)
    if notes.record is not None and not result.items:
        notes.record.set(path, result)
    return result


def same_value(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal; unlike `==`, 1 is neither true nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(same_value(a, b) for a, b in pairs)
    return bool(one == other)


def _rewritten(above: ListNode, items: list[Node], notes: Notes, path: Path) -> ListNode:
    result = ListNode(above.file, above.at)
    result.items, result.key_at, result.tag = items, above.key_at, above.tag
    if notes.record is not None:
        notes.record.set(path, result)
    return result

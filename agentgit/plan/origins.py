"""Which places decide a field that differs: the new value, the old one, that it went.

A value stands somewhere, and it may be meant by a name that a layer writes somewhere else: an
agent, an entry of the catalog, a file, a policy. Where that name is another one than before, it
decides, not what stands behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from agentgit.model.change import FieldChange
from agentgit.model.origin import Origin
from agentgit.model.value import Path
from agentgit.plan.field_facts import changed_lines, only_lost

TEXT = ("instructions", "text")
SCHEMA = ("configSchema", "file")
SOURCE = ("process", "source")


class Places(Protocol):
    """Where one commit's values come from; asked only for those that differ."""

    def place(self, instance: str, path: Path, *, near: bool = True) -> Origin | None:
        """The place that says a value; where none does, and `near`, the nearest around it."""

    def reference(self, instance: str, path: Path) -> tuple[str, Origin] | None:
        """The name by which a layer means what is said at that place, and where it says it."""

    def agent(self, instance: str) -> Origin | None:
        """The place that names the instance's agent."""

    def remover(self, instance: str, path: Path) -> Origin | None:
        """The place that takes a value away."""

    def over(self, instance: str, path: Path) -> Origin | None:
        """The next place below the one that says, or takes away, a value."""

    def text_begin(self, instance: str) -> int | None:
        """The line before the first of the instructions, None where lines are not its lines."""

    def source_files(self, instance: str) -> Mapping[str, bytes]:
        """The digest of each file in the folder that a process runs from, by path."""

    def environment_place(self, path: Path) -> Origin | None:
        """The place of one of the environment's own values."""


class Nowhere:
    """Knows no place."""

    def place(self, instance: str, path: Path, *, near: bool = True) -> Origin | None:  # noqa: ARG002 - the Protocol's signature, here and below
        """None."""
        return None

    def reference(self, instance: str, path: Path) -> tuple[str, Origin] | None:  # noqa: ARG002
        """None."""
        return None

    def agent(self, instance: str) -> Origin | None:  # noqa: ARG002
        """None."""
        return None

    def remover(self, instance: str, path: Path) -> Origin | None:  # noqa: ARG002
        """None."""
        return None

    def over(self, instance: str, path: Path) -> Origin | None:  # noqa: ARG002
        """None."""
        return None

    def text_begin(self, instance: str) -> int | None:  # noqa: ARG002
        """None."""
        return None

    def source_files(self, instance: str) -> Mapping[str, bytes]:  # noqa: ARG002
        """None."""
        return {}

    def environment_place(self, path: Path) -> Origin | None:  # noqa: ARG002
        """None."""
        return None


class Sides(NamedTuple):
    """An instance in two commits; `renamed` says that it names another agent."""

    instance: str
    then: Places
    now: Places
    renamed: bool = False


def locate(field: FieldChange, path: Path, sides: Sides, *, said: bool = True) -> FieldChange:
    """Say which places decide; `said` is whether the new value is more than a default."""
    origin = _decide(path, sides.now, sides.then, sides, near=said) if field.has else None
    was = _decide(path, sides.then, sides.now, sides) if field.had else None
    if origin is None:
        return _locate_gone(field, path, sides, was)
    if path == SOURCE:
        return _locate_source(field, sides, origin, was)
    if path == SCHEMA and _name(field.before) == _name(field.after):
        whole = Origin(layer=origin.layer, path=_name(field.after))  # what is in it decides
        return field.model_copy(update={"origin": whole, "lines": None})
    stands = origin == sides.now.place(sides.instance, path)
    lines = _locate_lines(field, sides, origin, was) if field.lines and stands else None
    if lines is not None:
        return lines
    elsewhere = was is not None and was.path != origin.path
    return field.model_copy(
        update={
            "origin": origin,
            "over": sides.now.over(sides.instance, path) if stands else None,
            "was": was if elsewhere else None,
            "lines": None,
        }
    )


def _locate_lines(
    field: FieldChange, sides: Sides, origin: Origin, was: Origin | None
) -> FieldChange | None:
    """Name the lines of a text that differ; those that only went are lines of the older commit.

    None where a line of the file is not one of the text.
    """
    before, after, name = str(field.before), str(field.after), sides.instance
    begin, began = sides.now.text_begin(name), sides.then.text_begin(name)
    if was is not None and was.path == origin.path and only_lost(before, after):
        first, last = changed_lines(after, before)
        origin, begin, gone = was, began, True
    else:
        first, last = changed_lines(before, after)
        gone = False
    if begin is None:
        return None
    place = origin.model_copy(update={"line": first + begin, "column": 0})
    decided = {"origin": None, "was": place} if gone else {"origin": place}
    return field.model_copy(update={**decided, "lines": (first + begin, last + begin)})


def locate_agent(before: str, after: str, sides: Sides) -> FieldChange:
    """Tell that an instance names another agent."""
    return FieldChange(
        path="agent",
        change_class="agent",
        before=before,
        after=after,
        origin=sides.now.agent(sides.instance),
        forces="nothing",
    )


def _decide(
    path: Path, side: Places, other: Places, sides: Sides, *, near: bool = True
) -> Origin | None:
    """Find the place; what is named otherwise on the other side is decided by its name."""
    name = sides.instance
    mine, theirs = side.reference(name, path), other.reference(name, path)
    place = side.place(name, path, near=near)
    if mine is not None and (theirs is None or mine[0] != theirs[0]):
        place = mine[1]
    if place is not None and sides.renamed and side is sides.now and _is_agents(place):
        return side.agent(name) or place
    return place


def _locate_gone(field: FieldChange, path: Path, sides: Sides, was: Origin | None) -> FieldChange:
    """Find what takes a value away: a null or a tag, or another agent that does not say it."""
    name = sides.instance
    origin = sides.now.remover(name, path)
    over = sides.now.over(name, path) if origin is not None else None
    if origin is None and was is not None and sides.renamed and _is_agents(was):
        origin = sides.now.agent(name)
    return field.model_copy(update={"origin": origin, "over": over, "was": was, "lines": None})


def _locate_source(
    field: FieldChange, sides: Sides, origin: Origin, was: Origin | None
) -> FieldChange:
    """Name the files of a folder that differ: one of them decides, in the same folder."""
    if _name(field.before) != _name(field.after):
        elsewhere = was is not None and was.path != origin.path
        return field.model_copy(update={"origin": origin, "was": was if elsewhere else None})
    old = sides.then.source_files(sides.instance)
    new = sides.now.source_files(sides.instance)
    files = tuple(sorted(one for one in {*old, *new} if old.get(one) != new.get(one)))
    here = [Origin(layer=origin.layer, path=one) for one in files if one in new]
    gone = [Origin(layer=origin.layer, path=one) for one in files if one not in new]
    if here:
        return field.model_copy(update={"origin": here[0], "files": files})
    if gone:
        return field.model_copy(update={"was": gone[0], "files": files})
    return field.model_copy(update={"origin": origin})


def _is_agents(place: Origin) -> bool:
    """Whether a place is in a file of an agent: only who names the agent has it."""
    folder, _, name = place.path.rpartition("/")
    return folder.rpartition("/")[2] == "agents" and name.endswith(".yaml")


def _name(value: object) -> str:
    """Take the digest from a value like `agents/support (1a2b3c4d)`."""
    return str(value).rpartition(" (")[0]

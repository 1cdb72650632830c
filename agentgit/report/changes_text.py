"""The changes of a plan: what happens to each instance, and why, with every origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass

from agentgit.model.change import Change, FieldChange
from agentgit.report.blame_words import Blamer
from agentgit.report.diff_words import CLASSES
from agentgit.report.extent import FOLDED, Extent
from agentgit.report.field_text import is_text, write_after, write_before, write_difference
from agentgit.report.field_words import (
    force_the_same,
    word_before_place,
    word_field_place,
    word_forced,
)
from agentgit.report.palette import PLAIN, Palette, Role, columns, pad, safe
from agentgit.report.wording import count, join_names, lay_out, short_revision

DRIFT = frozenset({"missing", "stopped", "unhealthy", "surplus", "drift"})
_ROLES: dict[str, Role] = {
    "+": "add", "-": "remove", "~": "change", "±": "change", "!": "attention",
}  # fmt: skip
_PATH_WIDTH, _STEP_WIDTH = 40, 60


def write_changes(
    changes: Sequence[Change],
    palette: Palette = PLAIN,
    *,
    environment: str = "",
    hosts: bool = False,
    blamer: Blamer | None = None,
    extent: Extent = FOLDED,
) -> list[str]:
    """Write every change that is not `keep`; equal changes are written once and referred to.

    `environment` tells where the file of a removed instance was; it is empty for a destroy, in
    which instances go although their files are there. `hosts` says where things happen, for
    environments that have several. With a blamer every place has its commit.
    """
    groups = _group_equal(changes)
    shown = [change for members in groups for change in members]
    widths = (
        min(_PATH_WIDTH, max((columns(safe(change.instance)) for change in shown), default=0)),
        max((len(_write_size(change)) for change in shown), default=0),
    )
    writer = _Writer(palette, extent, widths, environment, blamer, hosts=hosts)
    lines = [line for members in groups[: extent.groups] for line in writer.write(members)]
    left = sum(len(members) for members in groups[extent.groups :])
    if left:
        lines.append(f"  ... and {count(left, 'more change')}; {extent.hint}")
    return lines


def write_change_lines(
    changes: Sequence[Change], palette: Palette = PLAIN, *, environment: str = ""
) -> list[str]:
    """Write one line for each change that is not `keep`, and one for all that are equal."""
    groups = _group_equal(changes)
    lines = lay_out(
        [_write_line(members, environment) for members in groups], indent="", widest=_PATH_WIDTH
    )
    symbols = [symbol_of(members[0]) for members in groups]
    return [
        f"  {palette.paint(_ROLES[symbol], symbol)} {line}"
        for symbol, line in zip(symbols, lines, strict=True)
    ]


def _write_line(members: Sequence[Change], environment: str) -> tuple[str, ...]:
    """Say in a line what happens to instances, and what else is wrong with some of them."""
    first, *rest = members
    size = count(sum(one.touched for one in members), "replica") if rest else _write_size(first)
    drifted = [one for one in members if not is_set_back(one)]
    wrong = dict.fromkeys(
        cause.kind for one in drifted for cause in one.causes if cause.kind in DRIFT
    )
    what = (_summarise(first, _say_gone(first, environment)), ", ".join(wrong), _way(first))
    name = f"{safe(first.instance)}{f' and {len(rest)} more' if rest else ''}"
    return name, size, "  ".join(word for word in what if word)


def _group_equal(changes: Sequence[Change]) -> list[list[Change]]:
    """Gather equal changes that are not `keep`; those with nothing of their own to tell first."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        if change.kind != "keep":
            groups.setdefault(_key(change), []).append(change)
    return [sorted(members, key=lambda one: bool(tell_story(one))) for members in groups.values()]


def symbol_of(change: Change) -> str:
    """`+` new, `-` goes, `±` another number, `!` not as the commit wants it, `~` anything else."""
    if is_set_back(change):
        return "!"
    if change.kind == "create" and not is_new(change):
        return "~"
    return {"create": "+", "remove": "-", "scale": "±"}.get(change.kind, "~")


def is_new(change: Change) -> bool:
    """Whether nothing of it was there before; one whose replicas are all missing is not new."""
    return change.kind == "create" and all(cause.kind != "missing" for cause in change.causes)


def is_set_back(change: Change) -> bool:
    """Whether only a difference that no commit asked for is set right."""
    return (
        change.kind != "keep"
        and not change.fields
        and bool(change.causes)
        and all(cause.kind in DRIFT for cause in change.causes)
    )


def tell_story(change: Change) -> tuple[str, ...]:
    """Give the facts that fields do not tell: drift, a missing replica, a restart."""
    return tuple(
        safe(cause.detail)
        for cause in change.causes
        if cause.kind not in {"fields", "new", "removed"} and cause.detail
    )


def _key(change: Change) -> tuple[object, ...]:
    """Changes with equal keys are shown once: the same fields, coming or going, the same story."""
    if change.fields:
        fields = tuple(one.model_dump_json() for one in change.fields)
        return (change.kind, symbol_of(change), change.strategy, change.order, fields)
    if _comes_or_goes(change):
        return (change.kind, change.agent)
    return (change.kind, symbol_of(change), change.hosts, change.causes)


@dataclass(frozen=True)
class _Writer:
    """Writes a group of equal changes."""

    palette: Palette
    extent: Extent
    widths: tuple[int, int]
    environment: str
    blamer: Blamer | None
    _: KW_ONLY
    hosts: bool

    def write(self, members: Sequence[Change]) -> Iterator[str]:
        """Write the first one in full; the others by name, each with what only it has to tell."""
        first, *rest = members
        yield from self._write_first(first, members)
        told = tell_story(first)
        own = [one.instance for one in rest if tell_story(one) != told][: self.extent.groups]
        same = [one.instance for one in rest if tell_story(one) == told][: self.extent.followers]
        named = {*own, *same}
        for change in (one for one in rest if one.instance in named):
            yield self._write_follower(change, first)
            if tell_story(change) != told:
                yield from (f"      {line}" for line in tell_story(change))
        left = [one for one in rest if one.instance not in named]
        if left:
            yield self._write_left(left, told)

    def _write_first(self, change: Change, members: Sequence[Change]) -> Iterator[str]:
        gone = _say_gone(change, self.environment)
        head = _write_head(change, self.widths, self.palette, gone)
        if self.blamer is not None and not change.fields:
            head = f"{head}  {self.blamer.changed(change.path)}".rstrip()
        yield head
        hosts = sorted({host for one in members for host in one.hosts})
        if self.hosts and hosts:
            yield f"      on {join_names(hosts, self.extent.names)}"
        yield from _write_causes(change)
        yield from _write_fields(change.fields, self.palette, self.blamer, self.extent)

    def _write_follower(self, change: Change, first: Change) -> str:
        if _comes_or_goes(change):
            gone = _say_gone(change, self.environment)
            return _write_head(change, self.widths, self.palette, gone)
        name = pad(safe(change.instance), self.widths[0])
        size = pad(_write_size(change), self.widths[1])
        return f"  {self._sign(change)} {name}  {size}  same change as {safe(first.instance)}"

    def _write_left(self, left: Sequence[Change], told: tuple[str, ...]) -> str:
        names = join_names([change.instance for change in left], self.extent.names)
        what = "with the same change"
        if _comes_or_goes(left[0]):
            replicas = count(sum(one.touched for one in left), "replica")
            what = f"({replicas}), {'new' if left[0].kind == 'create' else 'removed'} as well"
        own = sum(tell_story(one) != told for one in left)
        more = f"; {own} of them have more to tell, {self.extent.hint}" if own else ""
        return f"  {self._sign(left[0])} {count(len(left), 'more instance')} {what}: {names}{more}"

    def _sign(self, change: Change) -> str:
        symbol = symbol_of(change)
        return self.palette.paint(_ROLES[symbol], symbol)


def _comes_or_goes(change: Change) -> bool:
    return change.kind in {"create", "remove"} and not is_set_back(change)


def _write_head(change: Change, widths: tuple[int, int], palette: Palette, gone: str) -> str:
    symbol = symbol_of(change)
    size = pad(_write_size(change), widths[1])
    cells = [_summarise(change, gone), _way(change)]
    tail = "  ".join(cell for cell in cells if cell)
    name = palette.paint("strong", safe(change.instance))
    space = " " * max(0, widths[0] - columns(safe(change.instance)))
    return f"  {palette.paint(_ROLES[symbol], symbol)} {name}{space}  {size}  {tail}".rstrip()


def _write_size(change: Change) -> str:
    """Say how many replicas there will be, and how many of them are touched or new."""
    if change.kind == "remove":
        return count(change.touched, "replica")
    total = count(change.replicas, "replica")
    if any(cause.kind == "surplus" for cause in change.causes):
        return f"{change.touched} of {count(change.replicas_before, 'replica')}"
    more = next((_subtract(one) for one in change.fields if one.path == "scale.replicas"), 0)
    if more:
        return f"{total}, {abs(more)} {'more' if more > 0 else 'fewer'}"
    if 0 < change.touched < change.replicas:
        return f"{change.touched} of {total}"
    return total


def _subtract(field: FieldChange) -> int:
    both = isinstance(field.before, int) and isinstance(field.after, int)
    return field.after - field.before if both else 0


def _say_gone(change: Change, environment: str) -> str:
    """Say why an instance is removed, and where it was declared as far as that is known."""
    if not environment:
        return ""
    return f"no longer declared in {safe(change.path)}" if change.path else "no file declares it"


def _summarise(change: Change, gone: str) -> str:
    """Say in a word or two what the change is about; `gone` is why an instance is removed."""
    if is_new(change):
        return f"new  {safe(change.path)}".rstrip()
    if change.kind == "remove" and not is_set_back(change):
        return gone
    classes = {field.change_class for field in change.fields}
    words = [name for name in CLASSES if name in classes]
    return ", ".join(words or dict.fromkeys(cause.kind for cause in change.causes))


def _way(change: Change) -> str:
    """Say how replicas are replaced, and why in that order where it is not the usual one."""
    if change.kind not in {"replace", "update"} or (change.kind, change.order) == (
        "replace",
        None,
    ):
        return ""
    if change.kind == "update":
        return "(in place)"
    reason = f": {safe(change.order_reason)}" if change.order_reason else ""
    order = f"{change.order}{reason}" if change.order else ""
    words = ", ".join(word for word in (change.strategy, order) if word)
    return f"({words})" if words else ""


def _write_causes(change: Change) -> Iterator[str]:
    yield from (f"      {line}" for line in tell_story(change))
    new = short_revision(change.revision)
    past = sorted({short_revision(one) for one in change.from_revisions} - {new, ""})
    if change.kind == "replace" and past and change.fields:
        yield f"      revision {safe(', '.join(past))} -> {new}"


def _write_fields(
    fields: Sequence[FieldChange], palette: Palette, blamer: Blamer | None, extent: Extent
) -> Iterator[str]:
    values = [field for field in fields if not is_text(field)]
    texts = [field for field in fields if is_text(field)]
    same = force_the_same(fields)

    def told(field: FieldChange) -> tuple[str, str, str]:
        forced = "" if same or not word_forced(field) else f"  ({word_forced(field)})"
        place, who = safe(word_field_place(field)), blamer.wrote(field) if blamer else ""
        return f"{write_before(field)} -> {write_after(field)}{forced}", place, who

    for field in texts:
        forced = "" if same else f"({word_forced(field)})"
        cells = (field.path, word_field_place(field), forced)
        who = blamer.wrote(field) if blamer else ""
        yield "      " + "  ".join(one for one in (*map(safe, cells), who) if one)
        for line in write_difference(field, palette=palette, extent=extent):
            yield f"        {palette.paint('dim', '|')} {line}"
    rows: list[tuple[str, ...]] = []
    for field in values[: extent.fields]:
        rows.append((safe(field.path), *told(field)))
        if field.over:
            over = blamer.who(field.over) if blamer else ""
            rows.append(("", "", f"over {safe(str(field.over))}", over))
        before = word_before_place(field)
        rows += [("", "", safe(before))] if before else []
    yield from lay_out(rows, indent="      ", widest=_STEP_WIDTH)
    if len(values) > extent.fields:
        left = count(len(values) - extent.fields, "more field")
        yield f"      ... and {left}; {extent.hint}"

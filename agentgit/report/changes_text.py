"""The changes of a plan: what happens to each instance, and why, with every origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.model.change import Change, FieldChange
from agentgit.report.blame_words import Blamer
from agentgit.report.palette import PLAIN, Palette, Role, clip, columns, pad, safe
from agentgit.report.text_diff import write_text_diff
from agentgit.report.wording import count, join_names, lay_out, short_revision, write_value

DRIFT = frozenset({"missing", "stopped", "unhealthy", "surplus", "drift"})
_CLASSES = (
    "prompt", "model", "tools", "knowledge", "config", "card", "image", "container", "process",
    "scale", "placement",
)  # fmt: skip
_ROLES: dict[str, Role] = {
    "+": "add", "-": "remove", "~": "change", "±": "change", "!": "attention",
}  # fmt: skip
_FOLLOWERS = 5
_FIELDS = 20
_SHOWN_LIMIT = 40
_PATH_WIDTH = 40


def write_changes(
    changes: Sequence[Change],
    palette: Palette = PLAIN,
    *,
    environment: str = "",
    hosts: bool = False,
    blamer: Blamer | None = None,
) -> list[str]:
    """Write every change that is not `keep`; equal changes are written once and referred to.

    `environment` tells where the file of a removed instance was; it is empty for a destroy, in
    which instances go although their files are there. `hosts` says where things happen, for
    environments that have several. With a blamer every place has its commit.
    """
    shown = [change for change in changes if change.kind != "keep"]
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in shown:
        groups.setdefault(_key(change), []).append(change)
    widths = (
        min(_PATH_WIDTH, max((columns(safe(change.instance)) for change in shown), default=0)),
        max((len(_write_size(change)) for change in shown), default=0),
    )
    lines: list[str] = []
    for members in list(groups.values())[:_SHOWN_LIMIT]:
        head = _write_head(members[0], widths, palette, _say_gone(members[0], environment))
        lines += _write_group(members, widths, palette, head, hosts=hosts, blamer=blamer)
    left = sum(len(members) for members in list(groups.values())[_SHOWN_LIMIT:])
    if left:
        lines.append(f"  ... and {count(left, 'more change')}; --json shows all of them")
    return lines


def symbol_of(change: Change) -> str:
    """`+` new, `-` goes, `±` another number, `!` not as the commit wants it, `~` anything else."""
    if is_set_back(change):
        return "!"
    return {"create": "+", "remove": "-", "scale": "±"}.get(change.kind, "~")


def is_set_back(change: Change) -> bool:
    """Whether only a difference that no commit asked for is set right."""
    return (
        change.kind != "keep"
        and not change.fields
        and bool(change.causes)
        and all(cause.kind in DRIFT for cause in change.causes)
    )


def _key(change: Change) -> tuple[object, ...]:
    """Changes with equal keys are shown once; without fields each has its own story."""
    if not change.fields:
        return (change.instance,)
    fields = tuple(one.model_dump_json() for one in change.fields)
    return (change.kind, symbol_of(change), change.strategy, change.order, fields)


def _write_group(
    members: Sequence[Change],
    widths: tuple[int, int],
    palette: Palette,
    head: str,
    *,
    hosts: bool,
    blamer: Blamer | None,
) -> Iterator[str]:
    first, *rest = members
    symbol = symbol_of(first)
    yield head
    if hosts and first.hosts:
        yield f"      on {safe(join_names(first.hosts))}"
    yield from _write_causes(first)
    yield from _write_fields(first.fields, palette, blamer)
    for change in rest[:_FOLLOWERS]:
        name, size = pad(safe(change.instance), widths[0]), pad(_write_size(change), widths[1])
        yield (
            f"  {palette.paint(_ROLES[symbol], symbol)} {name}  {size}  "
            f"same change as {safe(first.instance)}"
        )
    if len(rest) > _FOLLOWERS:
        more = rest[_FOLLOWERS:]
        names = join_names([change.instance for change in more])
        yield (
            f"  {palette.paint(_ROLES[symbol], symbol)} {count(len(more), 'more instance')}"
            f" with the same change: {names}"
        )


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
    if change.kind == "remove" or any(cause.kind == "surplus" for cause in change.causes):
        return count(change.touched, "replica")
    total = count(change.replicas, "replica")
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
    if change.kind == "create" and not is_set_back(change):
        return f"new  {safe(change.path)}".rstrip()
    if change.kind == "remove" and not is_set_back(change):
        return gone
    classes = {field.change_class for field in change.fields}
    words = [name for name in _CLASSES if name in classes]
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
    """Give the facts that fields do not tell: drift, a missing replica, a restart."""
    for cause in change.causes:
        if cause.kind not in {"fields", "new", "removed"} and cause.detail:
            yield f"      {safe(cause.detail)}"
    new = short_revision(change.revision)
    past = sorted({short_revision(one) for one in change.from_revisions} - {new, ""})
    if change.kind == "replace" and past and change.fields:
        yield f"      revision {safe(', '.join(past))} -> {new}"


def _write_fields(
    fields: Sequence[FieldChange], palette: Palette, blamer: Blamer | None
) -> Iterator[str]:
    values = [field for field in fields if not _is_text(field)]
    texts = [field for field in fields if _is_text(field)]
    for field in texts:
        yield from _write_text(field, palette, _write_who(field, blamer))
    rows: list[tuple[str, ...]] = []
    for field in values[:_FIELDS]:
        origin = str(field.origin) if field.origin else ""
        path, who = clip(safe(field.path), _PATH_WIDTH), _write_who(field, blamer)
        rows.append((path, _write_step(field), safe(origin), who))
        if field.over:
            over = blamer.who(field.over) if blamer else ""
            rows.append(("", "", f"over {safe(str(field.over))}", over))
    yield from lay_out(rows, indent="      ")
    if len(values) > _FIELDS:
        yield f"      ... and {count(len(values) - _FIELDS, 'more field')}"


def _write_step(field: FieldChange) -> str:
    before = write_value(field.before) if field.had else "not set"
    after = write_value(field.after) if field.has else "not set"
    return f"{before} -> {after}"


def _is_text(field: FieldChange) -> bool:
    """Whether the field is shown as a difference of lines instead of two values."""
    if not (field.had and field.has):
        return False
    if not (isinstance(field.before, str) and isinstance(field.after, str)):
        return False
    return field.lines is not None or "\n" in field.before.strip() + field.after.strip()


def _write_who(field: FieldChange, blamer: Blamer | None) -> str:
    if blamer is None or field.origin is None:
        return ""
    return blamer.who(field.origin, field.lines[1] if field.lines else 0)


def _write_text(field: FieldChange, palette: Palette, who: str) -> Iterator[str]:
    yield f"      {safe(field.path)}  {_write_range(field)}  {who}".rstrip()
    for line in write_text_diff(str(field.before), str(field.after), palette=palette):
        yield f"        {palette.paint('dim', '|')} {line}"


def _write_range(field: FieldChange) -> str:
    """Write the place of a changed text with the lines that changed: `path:14-19`."""
    if field.origin is None:
        return ""
    if field.lines is None:
        return safe(str(field.origin))
    first, last = field.lines
    return safe(field.origin.path) + (f":{first}" if first >= last else f":{first}-{last}")

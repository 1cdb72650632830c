"""Why a rollout failed: each failure once, with its evidence and what may have caused it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agentgit.model.change import Change
from agentgit.model.events import Event, StepFailed
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.report.context import Context
from agentgit.report.field_words import word_field_place
from agentgit.report.palette import Palette, clip, safe
from agentgit.report.wording import count, join_names, lay_out, short_revision

_LOG_LINES = 10
_CAUSES = 5
_FAILURES = 5
_SHORT = 100
# What a crash or a failing health check can come from; a text that is only read is no cause.
_GUILTY = frozenset({"container", "image", "process", "config", "tools", "model"})


def write_failures(
    plan: Plan, events: Sequence[Event], context: Context, palette: Palette
) -> Iterator[str]:
    """Write every failure; equal ones are written once, with whom else they met."""
    groups: dict[tuple[str, ...], list[Failure]] = {}
    for failure in collect_failures(events):
        groups.setdefault(_key(failure), []).append(failure)
    shown = list(groups.values())
    for members in shown[:_FAILURES]:
        yield from _write_failure(members, plan, context, palette)
        yield ""
    if len(shown) > _FAILURES:
        left = sum(len(members) for members in shown[_FAILURES:])
        yield f"... and {count(left, 'more failure')}; --json shows all of them"
        yield ""


def collect_failures(events: Sequence[Event]) -> list[Failure]:
    """Give each failure once, in order."""
    failures = (event.failure for event in events if isinstance(event, StepFailed))
    return list(dict.fromkeys(failures))


def shorten_failure(failure: Failure) -> str:
    """Say in one short line what happened; the rest is told at the end."""
    text = _strip(failure)
    text = text.removeprefix(": ") if text.startswith(": ") else f"a replica{text}"
    return clip(safe(text.partition("\n")[0]), _SHORT)


def collapse(lines: Sequence[str]) -> list[str]:
    """Join lines that repeat, one by one or as a block, such as those of a crash loop."""
    result: list[str] = []
    place = 0
    while place < len(lines):
        size, times = _find_repeat(lines, place)
        block = [*lines[place : place + size]]
        if times > 1:
            block[-1] += f" (x{times})" if size == 1 else f" (these {size} lines x{times})"
        result += block
        place += size * times
    return result


def _find_repeat(lines: Sequence[str], place: int) -> tuple[int, int]:
    """Give the length of the shortest block from here that repeats at once, and how often."""
    for size in range(1, (len(lines) - place) // 2 + 1):
        block = lines[place : place + size]
        times = 1
        while lines[place + times * size : place + (times + 1) * size] == block:
            times += 1
        if times > 1:
            return size, times
    return 1, 1


def _key(failure: Failure) -> tuple[str, ...]:
    """What makes failures equal: all but whom they met."""
    text = _strip(failure)
    for name in sorted({failure.replica, failure.instance, failure.host} - {""}, key=len)[::-1]:
        text = text.replace(name, "@")
    return (failure.fault, failure.step, re.sub(r":\d{4,5}\b", ":@", text), failure.hint)


def _strip(failure: Failure) -> str:
    """Give the message without the host and the replica that it may begin with."""
    text = failure.message
    while failure.host and text.startswith(f"{failure.host}: "):
        text = text.removeprefix(f"{failure.host}: ")
    if failure.replica and text.startswith(f"{failure.replica} "):
        return text.removeprefix(failure.replica)
    return f": {text}"


def _write_failure(
    members: Sequence[Failure], plan: Plan, context: Context, palette: Palette
) -> Iterator[str]:
    first = members[0]
    who = safe(first.instance or first.host or "the whole plan")
    yield f"{palette.paint('error', who)}  {safe(_word_place(first) + _strip(first)).lstrip(': ')}"
    for line in _word_others(members):
        yield f"  {line}"
    yield f"  step: {safe(first.step)}"
    if first.log:
        yield "  last lines of its log:"
        yield from (f"    {safe(line)}" for line in collapse(first.log)[-_LOG_LINES:])
    elif first.fault == "revision" and first.replica:
        yield "  its log is empty"
    yield from _write_cause(first, plan)
    yield from _write_image(first, context)
    if first.hint:
        yield f"{palette.paint('hint', 'hint:')} {safe(first.hint)}"


def _word_place(failure: Failure) -> str:
    """Name the replica, its revision and its host, where the failure is one of a replica."""
    if not failure.instance:
        return ""  # the host is named first already
    where = f" on {failure.host}" if failure.host else ""
    if not failure.replica:
        return where.strip()
    of = f" of revision {short_revision(failure.revision)}" if failure.revision else ""
    return f"{failure.replica}{of}{where}"


def _word_others(members: Sequence[Failure]) -> Iterator[str]:
    first, *rest = members
    mine = sum(one.instance == first.instance for one in rest)
    others = dict.fromkeys(one.instance or one.host for one in rest)
    others.pop(first.instance or first.host, None)
    if mine:
        more = count(mine, "more replica") if first.instance else f"{mine} more"
        yield f"the same: {more} of {safe(first.instance or first.host)}"
    if others:
        yield f"the same: {join_names(list(others))}"


def _write_cause(failure: Failure, plan: Plan) -> Iterator[str]:
    """Name the fields that can have caused it, with their origins; all where none of them can."""
    change = next((one for one in plan.changes if one.instance == failure.instance), None)
    if change is None or failure.fault != "revision":
        return
    if change.kind == "create" and change.path:
        yield f"  its cause: it is new, {safe(change.path)}"
        return
    guilty = [field for field in change.fields if field.change_class in _GUILTY]
    yield from _list_fields("its cause:" if guilty else "changed:", change, guilty)


def _list_fields(word: str, change: Change, guilty: Sequence[object]) -> Iterator[str]:
    fields = [field for field in change.fields if field in guilty or not guilty]
    rows = [
        (word if at == 0 else "", safe(field.path), safe(word_field_place(field)))
        for at, field in enumerate(fields[:_CAUSES])
    ]
    yield from lay_out(rows)
    if len(fields) > _CAUSES:
        yield f"  ... and {count(len(fields) - _CAUSES, 'more field')}"


def _write_image(failure: Failure, context: Context) -> Iterator[str]:
    """Say where an image is asked for that a host does not have."""
    if failure.step != "ensure-image":
        return
    places = context.images.get(failure.replica, ())
    rows = [
        ("asked for:" if at == 0 else "", safe(name), safe(str(origin)))
        for at, (name, origin) in enumerate(places[:_CAUSES])
    ]
    yield from lay_out(rows)
    if len(places) > _CAUSES:
        yield f"  ... and {count(len(places) - _CAUSES, 'more instance')}"

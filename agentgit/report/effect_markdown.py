"""The parts of a pull-request comment: causes as a table, texts and instances to unfold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agentgit.model.change import FieldChange
from agentgit.model.effect import Effect, EffectCause, InstanceEffect, Way
from agentgit.report.diff_words import (
    all_fields,
    describe_new,
    symbol_of,
    was_elsewhere,
    word_classes,
    word_counts,
    word_more_places,
    word_place,
)
from agentgit.report.extent import Extent
from agentgit.report.field_text import is_text, write_after, write_before, write_difference
from agentgit.report.field_words import force_the_same, word_forced
from agentgit.report.markdown import Page, code, details, fence, names, row
from agentgit.report.wording import count

LIMIT = 60_000  # bytes; GitHub takes 65,536 characters
DETAILS = 20_000  # bytes kept for what is unfolded, while tables are written
_CAUSES, _WAYS, _FIELDS = 30, 4, 4  # of an environment, of a cause, of a way
_TEXTS, _GROUPS = 40, 40
_EXTENTS = (  # the longest that fits is taken
    Extent(lines=400, characters=4000),
    Extent(lines=200, characters=2000),
    Extent(lines=100, characters=1000),
    Extent(lines=50, characters=500),
    Extent(lines=20, characters=200),
    Extent(lines=6, characters=100),
)
_PLAIN = re.compile("[a-z0-9-]+")


def add_table(page: Page, effect: Effect) -> None:
    """Add an environment with its causes; a row that does not fit is counted."""
    words = [*word_counts(effect, "→"), word_classes(all_fields(effect))]
    head = f"**{code(effect.environment)}** · {' · '.join(word for word in words if word)}"
    table = "\n".join([row("", "cause", "change", "reaches"), row("---", "---", "---", "---")])
    if not page.add(f"{head}\n\n{table}", gap="\n\n", keep=DETAILS):
        return
    shown = [
        page.add(_write_row(effect, cause), keep=DETAILS) for cause in effect.causes[:_CAUSES]
    ]
    left = len(effect.causes) - sum(shown)
    if left:
        page.left_out += left
        page.add(f"\n… and {count(left, 'more cause')}")


def _write_row(effect: Effect, cause: EffectCause) -> str:
    more = word_more_places(cause)
    place = code(word_place(cause, column=False)) if cause.places[0].path else "no place"
    place += f" {more}" if more else ""
    what = "<br>".join(_write_way(effect, cause, way) for way in cause.ways[:_WAYS])
    if len(cause.ways) > _WAYS:
        what += f"<br>… and {count(len(cause.ways) - _WAYS, 'more way')}"
    return row(symbol_of(cause), place, what, _reach(cause))


def _reach(cause: EffectCause) -> str:
    found = cause.instances
    if not found:
        return "the environment"
    ways = f", in {len(cause.ways)} ways" if len(cause.ways) > 1 else ""
    if len(found) <= 3:
        return names(found) + ways
    return f"{count(len(found), 'instance')}{ways}: {names(found, 3)}"


def _write_way(effect: Effect, cause: EffectCause, way: Way) -> str:
    if cause.kind != "change":
        word = "new" if cause.kind == "create" else "removed"
        agent, replicas = describe_new(effect, way)
        return f"{word}, agent {code(agent)}, {replicas}"
    number = f"{len(way.instances)}×: " if len(cause.ways) > 1 else ""
    same = force_the_same(way.fields)
    shown = [_write_field(field, forced=not same) for field in way.fields[:_FIELDS]]
    if len(way.fields) > _FIELDS:
        shown.append(f"{len(way.fields) - _FIELDS} more values")
    forced = next((word for one in way.fields if (word := word_forced(one))), "") if same else ""
    return number + ", ".join(shown) + (f": {forced}" if forced else "")


def _write_field(field: FieldChange, *, forced: bool) -> str:
    path, end = code(field.path, 200), word_forced(field) if forced else ""
    end = f" ({end})" if end else ""
    if is_text(field):
        return f"{path} (below){end}"
    was = was_elsewhere(field)
    told = f" (before: {code(str(was))})" if was else ""
    before = code(write_before(field)) if field.had else "not set"
    after = code(write_after(field)) if field.has else "not set"
    files = f" and {count(len(field.files) - 1, 'more file')}" if len(field.files) > 1 else ""
    return f"{path} {before} → {after}{files}{told}{end}"


def add_texts(page: Page, effects: Sequence[Effect]) -> None:
    """Add each changed text once, however many environments and instances it reaches.

    One that is too long for its share of the room is folded more, and says by how much.
    """
    texts = _gather_texts(effects)
    shown, left = texts[:_TEXTS], len(texts[_TEXTS:])
    for at, text in enumerate(shown):
        share = page.room * 3 // (4 * (len(shown) - at))
        page.add(_write_text(*text, share), gap="\n\n")
    if left:
        page.left_out += left
        page.add(f"… and {count(left, 'more text')}", gap="\n\n")


def _gather_texts(effects: Sequence[Effect]) -> list[tuple[EffectCause, FieldChange, int]]:
    found: dict[tuple[str, str, str], tuple[EffectCause, FieldChange, int]] = {}
    for effect in effects:
        for cause in effect.causes:
            for way in cause.ways:
                for field in (one for one in way.fields if is_text(one)):
                    key = (field.path, repr((field.had, field.before)),
                           repr((field.has, field.after)))  # fmt: skip
                    first, shown, reach = found.get(key, (cause, field, 0))
                    found[key] = (first, shown, reach + len(way.instances))
    return list(found.values())


def _write_text(cause: EffectCause, field: FieldChange, reach: int, share: int) -> str:
    """Write as much of a text as fits in so many bytes, or the least of it."""
    head = f"{code(word_place(cause))} · {code(field.path)}"
    block = ""
    for extent in _EXTENTS:
        lines = [_sign(line) for line in write_difference(field, extent=extent)]
        body = f"{head}\n\n{fence(lines, 'diff')}"
        block = details(f"A text changes for {count(reach, 'instance')}", body)
        if len(block.encode()) <= share:
            break
    return block


def _sign(line: str) -> str:
    """Begin a line with what a block of kind `diff` is coloured by."""
    return f"!{line[1:]}" if line.startswith("~ ") else line


def write_instances(effects: Sequence[Effect]) -> Iterator[str]:
    """Write who changes, those with the same change together, to unfold."""
    for effect in effects:
        groups: dict[tuple[str, ...], list[str]] = {}
        for one in effect.instances:
            groups.setdefault(_describe(one), []).append(one.instance)
        rows = [
            row(names(members, 6), code(words[0]), *words[1:])
            for words, members in list(groups.items())[:_GROUPS]
        ]
        if len(groups) > _GROUPS:
            rows.append(row(f"… and {count(len(groups) - _GROUPS, 'more group')}", "", "", ""))
        table = [row("instances", "agent", "replicas", "what"), row("---", "---", "---", "---")]
        body = f"{code(effect.environment)}\n\n" + "\n".join([*table, *rows])
        name = effect.environment  # what compiles has a plain name, but nobody else promises it
        where = f"{name}: " if _PLAIN.fullmatch(name) else ""
        if rows:
            told = count(len(effect.instances), "instance")
            yield details(f"{where}{told}, by what changes", body)


def _describe(one: InstanceEffect) -> tuple[str, str, str]:
    if one.kind != "change":
        word = "new" if one.kind == "create" else "removed"
        return one.agent, str(one.replicas_after or one.replicas_before), word
    replicas = str(one.replicas_after)
    if one.replicas_before != one.replicas_after:
        replicas = f"{one.replicas_before} → {one.replicas_after}"
    how = "new replicas" if one.replaces else "no new replicas"
    more = one.replicas_after - one.replicas_before
    if more and not one.replaces:
        how = f"{abs(more)} {'more' if more > 0 else 'fewer'}"
    classes = word_classes(one.fields)
    return one.agent, replicas, f"{classes}: {how}" if classes else how

"""A plan as one comment on a pull request: grouped by cause, bounded, only data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.change import Change
from agentgit.model.effect import Effect, InstanceEffect
from agentgit.model.plan import Plan
from agentgit.plan.effect_causes import group_by_cause
from agentgit.report.changes_text import is_new, is_set_back, symbol_of, tell_story
from agentgit.report.context import NOTHING_KNOWN, Context
from agentgit.report.effect_markdown import LIMIT, add_table, add_texts, write_instances
from agentgit.report.field_words import word_lost
from agentgit.report.heading import write_notes, write_pin
from agentgit.report.markdown import Page, code, details, names, row
from agentgit.report.palette import PLAIN
from agentgit.report.plan_text import write_no_changes
from agentgit.report.reach import (
    count_reached,
    find_unseen,
    has_peak,
    name_leftovers,
    name_removed_images,
    percent,
    write_images,
)
from agentgit.report.rehearsal import write_rehearsal
from agentgit.report.wording import count, word_duration

_FOOT = 600  # bytes kept for the last lines
_ROWS = 40
_LINE = 1000  # columns of a sentence


def write_plan_comment(
    plan: Plan,
    *,
    now: datetime,
    context: Context = NOTHING_KNOWN,
    limit: int = LIMIT,
    more: str = "",
) -> str:
    """Write the comment, at most `limit` bytes of it; `more` is the command that shows all."""
    more = more or f"agentgit plan -e {plan.environment} --full"
    page = Page(limit - _FOOT)
    at = code(plan.commit.short) if plan.commit else "the work tree"
    page.add(f"### agentgit plan: {code(plan.environment)} at {at}", gap="")
    for line in (*write_pin(plan, now, PLAIN, pinning=context.pinning),
                 *write_notes(plan, now, context, PLAIN)):  # fmt: skip
        page.add(code(line, _LINE), gap="\n\n")
    for line in _write_refusals(plan):
        page.add(line, gap="\n\n" if line.startswith("**") else "\n")
    if plan.is_empty:
        page.add(code(write_no_changes(plan, context), _LINE), gap="\n\n")
        return page.text()
    page.add(" · ".join(_write_reach(plan, context)), gap="\n\n")
    for line in _write_around(plan, context):
        page.add(line, gap="\n\n")
    effect = _as_effect(plan, context)
    if effect.causes:
        add_table(page, effect)
    for block in _write_stories(plan):
        page.add(block, gap="\n\n")
    add_texts(page, [effect])
    for block in (*_write_waves(plan), *write_instances([effect])):
        page.add(block, gap="\n\n")
    foot = f"**Not all of it fits here.** {code(more, 450)} shows all of it."
    return "\n\n".join(part for part in (page.text(), foot if page.left_out else "") if part)


def _write_refusals(plan: Plan) -> Iterator[str]:
    """Write what guards say, first of all: nothing of the plan is carried out as it is."""
    if plan.refusals:
        yield "**Refused**, so that nothing of it is carried out:\n"
    for one in plan.refusals:
        said = "; ".join(one.message.splitlines())
        yield f"- {code(one.name)}: {code(said, _LINE)}, {code(one.hint, _LINE)}"


def _as_effect(plan: Plan, context: Context) -> Effect:
    """See what commits ask for as `diff` does; what is only set back is not part of it."""
    effects = tuple(
        _describe(change)
        for change in plan.changes
        if change.kind != "keep" and not is_set_back(change)
    )
    return Effect(
        environment=plan.environment,
        total=max(len(plan.changes), context.instances),
        replicas_before=plan.replicas_before,
        replicas_after=plan.replicas_after,
        instances=effects,
        causes=group_by_cause(effects, ()),
    )


def _describe(change: Change) -> InstanceEffect:
    kind = "create" if is_new(change) else "remove" if change.kind == "remove" else "change"
    return InstanceEffect.model_validate({
        "kind": kind,
        "instance": change.instance,
        "agent": change.agent,
        "path": change.path,
        "replicas_before": change.replicas_before,
        "replicas_after": change.replicas_after,
        "replaces": change.kind == "replace",
        "fields": change.fields,
    })  # fmt: skip


def _write_reach(plan: Plan, context: Context) -> Iterator[str]:
    active = [change for change in plan.changes if change.kind != "keep"]
    touched, total = count_reached(plan)
    yield f"{touched} of {count(total, 'replica')}" + (
        f" ({percent(touched, total)})" if total else ""
    )
    yield f"{len(active)} of {count(max(len(plan.changes), context.instances), 'instance')}"
    if plan.risk.gaps:
        worst = max(gap.at_most for gap in plan.risk.gaps)
        stopped = names([gap.instance for gap in plan.risk.gaps], 3)
        yield f"**not served for a while** (at worst {word_duration(worst)}): {stopped}"
    emptied = [one.instance for one in active if one.replicas_before and not one.replicas_after]
    if emptied:
        yield f"**nobody serves afterwards**: {names(emptied, 3)}"
    if not (plan.risk.gaps or emptied):
        yield "no gap in service"
    if has_peak(plan):
        yield f"at most {count(plan.peak, 'replica')} at once"
    why = f" ({', '.join(plan.risk.reasons)})" if plan.risk.reasons else ""
    yield f"risk: {plan.risk.level}{why}"
    ends = word_lost(active)
    if ends:
        yield f"cannot be undone: {ends}"


def _write_around(plan: Plan, context: Context) -> Iterator[str]:
    """Write how it would go, whom no check looks at, what is pulled and what is left over."""
    if context.rehearsal is not None:
        yield " · ".join(code(line, _LINE) for line in write_rehearsal(context.rehearsal))
    unseen = find_unseen(plan, context)
    if unseen:
        yield f"no health check is declared, running counts as healthy: {names(unseen, 6)}"
    yield from (code(line, _LINE) for line in write_images(plan, 6))
    leftovers = name_leftovers(plan)
    if leftovers:
        yield f"afterwards removed, as nothing uses it: {names(leftovers, 6)}"
    images = name_removed_images(plan)
    if images:
        yield f"afterwards removed, as no kept revision needs it: {names(images, 6)}"


def _write_stories(plan: Plan) -> Iterator[str]:
    """Write what fields do not tell: above all what no commit asked for and would be set right."""
    found = [change for change in plan.changes if is_set_back(change) or tell_story(change)]
    stories: dict[tuple[str, str], list[str]] = {}
    for change in found:
        told = "; ".join(tell_story(change))
        stories.setdefault((symbol_of(change), told), []).append(change.instance)
    groups = list(stories.items())
    rows = [
        row(symbol, names(members, 6), code(told, _LINE))
        for (symbol, told), members in groups[:_ROWS]
    ]
    left = sum(len(members) for _, members in groups[_ROWS:])
    if left:
        rows.append(row("", f"… and {left} more", ""))
    if rows:
        head = [row("", "not as a commit wants it", "what is set right"), row("---", "---", "---")]
        yield "\n".join([*head, *rows])


def _write_waves(plan: Plan) -> Iterator[str]:
    rows = []
    for number, wave in enumerate(plan.waves[:_ROWS], start=1):
        moved = list(dict.fromkeys(move.instance for move in wave.moves))
        hold = word_duration(wave.hold.duration) if wave.hold else ""
        rows.append(row(str(number), code(wave.title), names(moved, 6) if moved else "", hold))
    if len(plan.waves) > _ROWS:
        rows.append(row("", f"… and {len(plan.waves) - _ROWS} more", "", ""))
    head: Sequence[str] = [row("wave", "", "instances", "then look for"), row(*["---"] * 4)]
    if rows:
        yield details(count(len(plan.waves), "wave"), "\n".join([*head, *rows]))

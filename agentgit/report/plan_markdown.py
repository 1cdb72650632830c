"""A plan as one comment on a pull request: grouped by cause, bounded, only data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.change import Change
from agentgit.model.effect import Effect, InstanceEffect
from agentgit.model.plan import Plan
from agentgit.plan.effect_causes import group_by_cause
from agentgit.report.changes_text import is_set_back
from agentgit.report.context import NOTHING_KNOWN, Context
from agentgit.report.effect_markdown import LIMIT, add_table, write_instances, write_texts
from agentgit.report.heading import write_notes, write_pin
from agentgit.report.markdown import Page, code, details, names, row
from agentgit.report.palette import PLAIN
from agentgit.report.plan_text import write_no_changes
from agentgit.report.rehearsal import write_rehearsal
from agentgit.report.wording import count, word_duration

_FOOT = 300  # bytes kept for the last lines
_ROWS = 40


def write_plan_comment(
    plan: Plan, *, now: datetime, context: Context = NOTHING_KNOWN, limit: int = LIMIT
) -> str:
    """Write the comment, at most `limit` bytes of it."""
    page = Page(limit - _FOOT)
    at = code(plan.commit.short) if plan.commit else "the work tree"
    page.add(f"### agentgit plan: {code(plan.environment)} at {at}", gap="")
    for line in (*write_pin(plan, now, PLAIN, pinning=context.pinning),
                 *write_notes(plan, now, context, PLAIN)):  # fmt: skip
        page.add(code(line, 400), gap="\n\n")
    if plan.is_empty:
        page.add(code(write_no_changes(plan, context), 400), gap="\n\n")
        return page.text()
    page.add(" · ".join(_write_reach(plan)), gap="\n\n")
    if context.rehearsal is not None:
        said = (code(line, 400) for line in write_rehearsal(context.rehearsal))
        page.add(" · ".join(said), gap="\n\n")
    effect = _as_effect(plan)
    if effect.causes:
        add_table(page, effect)
    for block in (*_write_set_back(plan), *write_texts([effect]), *_write_waves(plan),
                  *write_instances([effect])):  # fmt: skip
        page.add(block, gap="\n\n")
    foot = (
        f"**Not all of it fits here.** {code(f'agentgit plan -e {plan.environment}')} shows more."
    )
    return "\n\n".join(part for part in (page.text(), foot if page.left_out else "") if part)


def _as_effect(plan: Plan) -> Effect:
    """See what commits ask for as `diff` does; what is only set back is not part of it."""
    effects = tuple(
        _describe(change)
        for change in plan.changes
        if change.kind != "keep" and not is_set_back(change)
    )
    return Effect(
        environment=plan.environment,
        total=len(plan.changes),
        replicas_before=plan.replicas_before,
        replicas_after=plan.replicas_after,
        instances=effects,
        causes=group_by_cause(effects, ()),
    )


def _describe(change: Change) -> InstanceEffect:
    kinds = {"create": "create", "remove": "remove"}
    return InstanceEffect.model_validate({
        "kind": kinds.get(change.kind, "change"),
        "instance": change.instance,
        "agent": change.agent,
        "path": change.path,
        "replicas_before": change.touched if change.kind == "remove" else change.replicas,
        "replicas_after": 0 if change.kind == "remove" else change.replicas,
        "replaces": change.kind == "replace",
        "fields": change.fields,
    })  # fmt: skip


def _write_reach(plan: Plan) -> Iterator[str]:
    active = [change for change in plan.changes if change.kind != "keep"]
    touched = sum(change.touched for change in active)
    total = max(plan.replicas_before, plan.replicas_after, touched)
    yield f"{touched} of {count(total, 'replica')}"
    yield f"{len(active)} of {count(len(plan.changes), 'instance')}"
    if plan.risk.gaps:
        worst = max(gap.at_most for gap in plan.risk.gaps)
        stopped = names([gap.instance for gap in plan.risk.gaps], 3)
        yield f"**not served for a while** (at worst {word_duration(worst)}): {stopped}"
    else:
        yield "no gap in service"
    why = f" ({', '.join(plan.risk.reasons)})" if plan.risk.reasons else ""
    yield f"risk: {plan.risk.level}{why}"


def _write_set_back(plan: Plan) -> Iterator[str]:
    """Write what no commit asked for and would be set right."""
    found = [change for change in plan.changes if is_set_back(change)]
    rows = [
        row("!", code(change.instance), code("; ".join(one.detail for one in change.causes)))
        for change in found[:_ROWS]
    ]
    if len(found) > _ROWS:
        rows.append(row("", f"… and {len(found) - _ROWS} more", ""))
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

"""The comment that shows a plan: short, valid when cut, and nothing but data."""

from __future__ import annotations

from datetime import datetime

import pytest

from agentgit.model.change import Cause, Change, FieldChange
from agentgit.model.image import AbsentImage
from agentgit.model.origin import Origin
from agentgit.model.plan import Pin, Plan
from agentgit.model.risk import Gap, Risk
from agentgit.model.steps import RemoveLeftover
from agentgit.report.context import Context
from agentgit.report.effect_markdown import LIMIT
from agentgit.report.plan_markdown import write_plan_comment
from tests.report.test_diff_markdown import render


def test_it_says_what_changes_why_and_what_it_risks(plan: Plan, now: datetime) -> None:
    text = write_plan_comment(plan, now=now)
    render(text)
    assert text.startswith("### agentgit plan: `production` at `3f2a91c`")
    assert "`global/prompts/support.md:2`" in text
    assert "`support-eu`" in text
    assert "no gap in service" in text
    assert "You may refund up to [-50-]{+200+} EUR" in text


def test_what_is_set_back_has_a_table_of_its_own(plan: Plan, now: datetime) -> None:
    drift = Change(
        kind="update", instance="research-2", touched=1, replicas=1,
        causes=(Cause(kind="drift", detail="slot 1: memory 512 -> 256"),),
    )  # fmt: skip
    text = write_plan_comment(plan.model_copy(update={"changes": (drift,)}), now=now)
    render(text)
    assert "| ! | `research-2` | `slot 1: memory 512 -> 256` |" in text


def test_what_is_wrong_besides_an_edit_is_in_the_table_too(plan: Plan, now: datetime) -> None:
    edited = next(change for change in plan.changes if change.fields)
    gone = Cause(kind="missing", detail="slot 2 has no replica, " + "x" * 200)
    odd = edited.model_copy(update={"causes": (*edited.causes, gone)})
    text = write_plan_comment(plan.model_copy(update={"changes": (odd,)}), now=now)
    render(text)
    assert f"| ~ | `support-eu` | `slot 2 has no replica, {'x' * 200}` |" in text
    assert "`global/prompts/support.md:2`" in text


def test_more_replicas_are_not_no_new_ones(plan: Plan, now: datetime) -> None:
    field = FieldChange(path="scale.replicas", change_class="scale", before=3, after=5)
    change = Change(kind="scale", instance="a", replicas=5, ran=3, touched=2, fields=(field,))
    numbers = {"changes": (change,), "replicas_before": 3, "replicas_after": 5}
    text = write_plan_comment(plan.model_copy(update=numbers), now=now)
    render(text)
    assert "1 of 1 instance changes · 1 scaled · 3 → 5 replicas" in text
    assert "| 3 → 5 | scale: 2 more |" in text
    assert "without new" not in text
    assert "no new" not in text


def test_a_limited_plan_counts_the_whole_environment(plan: Plan, now: datetime) -> None:
    only = plan.model_copy(update={"changes": plan.changes[1:2]})
    text = write_plan_comment(only, now=now, context=Context(only=("support-eu",), instances=3))
    assert "1 of 3 instances" in text
    assert "1 of 1" not in text


def test_it_says_what_the_text_says(plan: Plan, now: datetime) -> None:
    more = {
        "cleanup": (RemoveLeftover(host="eu-1", what="network", id="", name="acme-old"),),
        "absent_images": (AbsentImage(name="acme/agent:2", hosts=("eu-1",)),),
        "peak": 11,
    }
    context = Context(unchecked=frozenset({"support-eu"}))
    text = write_plan_comment(plan.model_copy(update=more), now=now, context=context)
    render(text)
    assert "at most 11 replicas at once" in text
    assert "no health check is declared, running counts as healthy: `support-eu`" in text
    assert "afterwards removed, as nothing uses it: `network acme-old`" in text
    assert "`pulled first, as no such image is there: acme/agent:2 on eu-1`" in text


@pytest.mark.parametrize("limit", [4000, LIMIT])
def test_a_rewritten_text_is_folded_until_it_fits(plan: Plan, now: datetime, limit: int) -> None:
    edited = next(change for change in plan.changes if change.fields)
    field = edited.fields[0].model_copy(update={
        "before": "".join(f"old {n}\n" for n in range(300)),
        "after": "".join(f"neu {n} {'wort ' * 300}\n" for n in range(300)),
    })  # fmt: skip
    change = edited.model_copy(update={"fields": (field,)})
    text = write_plan_comment(plan.model_copy(update={"changes": (change,)}), now=now, limit=limit)
    assert len(text.encode()) <= limit
    render(text)
    assert "\n- old 0\n" in text
    assert "\n+ neu 0 wort" in text
    assert " more lines (" in text
    assert "more characters; --full shows all …" in text


def test_a_cut_comment_names_the_command_that_shows_all(plan: Plan, now: datetime) -> None:
    more = "agentgit plan -e production --revision feature --allow replaced --full"
    text = write_plan_comment(plan, now=now, limit=1100, more=more)
    assert text.endswith(f"**Not all of it fits here.** `{more}` shows all of it.")


def show(plan: Plan, now: datetime, *fields: FieldChange) -> str:
    """Write the table row of one instance that these fields change."""
    change = Change(kind="replace", instance="one", touched=1, replicas=1, ends=1, fields=fields)
    text = write_plan_comment(plan.model_copy(update={"changes": (change,)}), now=now)
    render(text)
    assert "cannot be undone" not in text  # another one comes in its place
    return text


def test_what_going_back_does_not_bring_back(plan: Plan, now: datetime) -> None:
    change = Change(kind="remove", instance="one", touched=2, ran=2, ends=2)
    text = write_plan_comment(plan.model_copy(update={"changes": (change,)}), now=now)
    assert "cannot be undone: what 2 replicas held outside volumes" in text
    assert "**nobody serves afterwards**: `one`" in text
    assert "no gap in service" not in text


def test_what_is_gone_has_the_place_where_it_stood(plan: Plan, now: datetime) -> None:
    was = Origin(layer="global", path="global/agents/support.yaml", line=5, column=9)
    gone = FieldChange(
        path="config.tone", change_class="config", before="kind", has=False, was=was
    )
    text = show(plan, now, gone)
    assert (
        "| ~ | `global/agents/support.yaml:5` (gone) | `config.tone` `kind` → not set: replaces |"
    ) in text


def test_what_each_value_forces_is_said_once_where_it_is_the_same(
    plan: Plan, now: datetime
) -> None:
    place = Origin(layer="global", path="a.yaml", line=3, column=1)
    one = FieldChange(path="scale.replicas", change_class="scale", before=1, after=2,
                      origin=place, forces="scale")  # fmt: skip
    two = one.model_copy(update={"path": "config.a", "forces": "replace"})
    name = one.model_copy(update={"path": "agent", "forces": "nothing"})
    assert "`scale.replicas` `1` → `2`: scales |" in show(plan, now, one)
    assert "`agent` `1` → `2`, `config.a` `1` → `2`: replaces |" in show(plan, now, name, two)
    assert "`config.a` `1` → `2` (replaces), `scale.replicas` `1` → `2` (scales) |" in show(
        plan, now, two, one
    )


def test_a_folder_says_how_many_files_changed(plan: Plan, now: datetime) -> None:
    place = Origin(layer="global", path="src/run")
    field = FieldChange(path="process.source", change_class="process", before="src (a)",
                        after="src (b)", origin=place, files=("src/lib", "src/run"))  # fmt: skip
    assert (
        "| `src/run` | `process.source` `src (a)` → `src (b)` and 1 more file: replaces |"
        in show(plan, now, field)
    )


def test_a_change_without_a_field_is_of_no_class(plan: Plan, now: datetime) -> None:
    assert " | 1 | new replicas |" in show(plan, now)


def test_no_place_at_all_is_said(plan: Plan, now: datetime) -> None:
    field = FieldChange(path="config.a", change_class="config", before=1, after=2)
    assert "| ~ | no place | `config.a`" in show(plan, now, field)


def test_a_gap_is_in_the_first_lines(plan: Plan, now: datetime) -> None:
    gap = Gap(instance="support-eu", at_least=2, at_most=150, reason="port 80 is fixed")
    risk = Risk(level="high", reasons=("1 instance not served for a while",), gaps=(gap,))
    text = write_plan_comment(plan.model_copy(update={"risk": risk}), now=now)
    assert "**not served for a while** (at worst 2 minutes): `support-eu`" in text.splitlines()[2]


def test_nothing_to_do_is_a_sentence(plan: Plan, now: datetime) -> None:
    empty = plan.model_copy(update={"waves": (), "cleanup": (), "changes": ()})
    assert "No changes." in write_plan_comment(empty, now=now)


def test_a_pin_is_shown(plan: Plan, pin: Pin, now: datetime) -> None:
    text = write_plan_comment(plan.model_copy(update={"pin": pin}), now=now)
    render(text)
    assert "pinned at 88e01b2" in text


@pytest.mark.parametrize("limit", [1500, 4000, LIMIT])
def test_five_hundred_instances_fit_and_stay_valid_when_cut(
    plan: Plan, now: datetime, limit: int
) -> None:
    edited = next(change for change in plan.changes if change.fields)
    many = tuple(
        edited.model_copy(update={"instance": f"tenant-{number:03}"}) for number in range(500)
    )
    text = write_plan_comment(plan.model_copy(update={"changes": many}), now=now, limit=limit)
    assert len(text.encode()) <= limit
    render(text)
    if limit == LIMIT:
        assert "500 instances" in text


def test_what_a_name_says_is_data(plan: Plan, now: datetime) -> None:
    edited = next(change for change in plan.changes if change.fields)
    evil = edited.model_copy(update={"instance": "</details>`|<img src=x> @all"})
    render(write_plan_comment(plan.model_copy(update={"changes": (evil,)}), now=now))

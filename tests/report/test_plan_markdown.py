"""The comment that shows a plan: short, valid when cut, and nothing but data."""

from __future__ import annotations

from datetime import datetime

import pytest

from agentgit.model.change import Cause, Change
from agentgit.model.plan import Pin, Plan
from agentgit.model.risk import Gap, Risk
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

from __future__ import annotations

from datetime import datetime

from agentgit.model.change import Change
from agentgit.model.observed import Unreachable
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.report.palette import COLOURED
from agentgit.report.plan_text import write_plan

EXPECTED = """\
production at 3f2a91c "Raise refund limit" (Ana, 2 hours ago), main
compared with 2 hosts, 8 replicas, last verified at 88e01b2

  ! research-1  1 replica    missing
      its replica 0 is gone from eu-1
  ~ support-eu  2 replicas   prompt, model  (rolling, start-first)
      revision 1b2c3d4e -> 9c41d07e
      instructions  global/prompts/support.md:2
        | You may refund up to [-50-]{+200+} EUR without asking.
      model.params.temperature  0.2 -> 0.1  environments/production/agents/support.yaml:6:21
                                            over global/agents/support.yaml:12:34
  ~ support-us  2 replicas   same change as support-eu
  + triage      1 replica    new  environments/production/instances/triage.yaml

  wave 1  rolling 1  support-eu, support-us  then hold 2m
  wave 2  rolling 2  support-eu, support-us

  reaches 6 of 9 replicas (67 %) · 4 of 5 instances · \
new replicas are healthy before old ones stop · at most 11 replicas at once
  1 to add, 2 to change, 1 to set back, 0 to remove, 1 unchanged

to carry it out:  agentgit apply -e production"""


def test_a_plan_reads_as_the_specification(
    plan: Plan, now: datetime, records: tuple[RolloutRecord, ...]
) -> None:
    text = write_plan(plan, now=now, records=records, command="agentgit apply -e production")
    assert text == EXPECTED


def test_colour_only_adds_escapes(plan: Plan, now: datetime) -> None:
    import re

    coloured = write_plan(plan, now=now, palette=COLOURED)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == write_plan(plan, now=now)


def test_nothing_to_do_is_a_sentence(quiet_plan: Plan, now: datetime) -> None:
    assert write_plan(quiet_plan, now=now, command="agentgit apply") == (
        "No changes. production runs 3f2a91c on 2 hosts, 8 of 8 replicas healthy."
    )


def test_a_pin_and_a_silent_host_are_said_first(quiet_plan: Plan, now: datetime, pin: Pin) -> None:
    silent = (Unreachable(host="eu-2", reason="connection refused"),)
    plan = quiet_plan.model_copy(update={"pin": pin, "unreachable": silent})
    assert write_plan(plan, now=now).splitlines()[:4] == [
        "pinned at 88e01b2 instead of 3f2a91c by Ana, 5 minutes ago: refunds went wild",
        "the pin ends with a newer commit, or with:  agentgit unpin -e production",
        "  ? eu-2 cannot be reached: connection refused",
        "    what runs there is unknown and stays as it is",
    ]


def test_the_work_tree_is_named_as_such(plan: Plan, now: datetime) -> None:
    text = write_plan(plan.model_copy(update={"commit": None}), now=now)
    assert text.startswith("production at the work tree, not committed\n")


def test_hundreds_of_equal_changes_stay_readable(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    many = tuple(changes[1].model_copy(update={"instance": f"tenant-{n:03}"}) for n in range(200))
    text = write_plan(plan.model_copy(update={"changes": many}), now=now)
    assert text.count("same change as tenant-000") == 5
    assert "~ 194 more instances with the same change: tenant-006, " in text
    assert len(text.splitlines()) < 30


def test_stop_first_is_said_with_its_reason(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    change = changes[1].model_copy(
        update={"order": "stop-first", "order_reason": "the fixed host port 8080"}
    )
    text = write_plan(plan.model_copy(update={"changes": (change,)}), now=now)
    assert "(rolling, stop-first: the fixed host port 8080)" in text
    assert "stops before it starts: support-eu" in text


def test_a_hostile_subject_is_escaped(plan: Plan, now: datetime) -> None:
    assert plan.commit is not None
    commit = plan.commit.model_copy(update={"subject": "\x1b[2Jgone"})
    assert "\x1b" not in write_plan(plan.model_copy(update={"commit": commit}), now=now)

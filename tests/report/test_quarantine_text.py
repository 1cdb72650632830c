"""What failed and what went on without it: in an outcome, in a plan, in a status."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgit.model.events import GoingBack, RolloutFinished, StepFailed, Superseded, WaveDone
from agentgit.model.plan import Pin, Plan
from agentgit.model.progress import Quarantined
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.report.context import Context
from agentgit.report.heading import write_standing
from agentgit.report.outcome_text import write_outcome
from agentgit.report.palette import PLAIN
from agentgit.report.plan_text import write_plan
from agentgit.report.quarantine_text import write_standing_quarantine
from agentgit.report.standing import find_standing

REFUSED = (
    "in quarantine: support-eu 9c41d07e; a commit that changes it is tried, any other is refused"
)
OLD = "88e01b2" + "0" * 33
NEWER = "1234567" + "0" * 33


def quarantined(
    failure: Failure, now: datetime, instance: str = "support-eu", message: str = ""
) -> Quarantined:
    return Quarantined(
        instance=instance,
        revision=failure.revision,
        rollout="20261120-110000-0002",
        since=now - timedelta(hours=1),
        step=failure.step,
        message=message or failure.message,
    )


def finish(outcome: str) -> RolloutFinished:
    return RolloutFinished.model_validate({"rollout": "41", "outcome": outcome, "seconds": 72})


def test_a_rollback_says_what_it_put_in_quarantine(
    plan: Plan, failure: Failure, now: datetime
) -> None:
    back = GoingBack(instances=("support-eu",), to=(OLD,))
    events = [StepFailed(failure=failure), back, finish("rolled-back")]
    one, other = quarantined(failure, now), quarantined(failure, now, "support-us")
    assert f"{REFUSED}\n" in write_outcome(plan, events, context=Context(quarantined=(one,)))
    assert (
        "in quarantine: support-eu 9c41d07e, support-us 9c41d07e; a commit that changes them is "
        "tried, any other is refused\n"
    ) in write_outcome(plan, events, context=Context(quarantined=(one, other)))
    assert "quarantine" not in write_outcome(plan, events)


def test_a_part_that_went_back_and_the_rest_that_did_not(
    plan: Plan, failure: Failure, now: datetime
) -> None:
    back = GoingBack(instances=("support-eu",), to=(OLD,))
    events = [StepFailed(failure=failure), back, finish("partial")]
    context = Context(quarantined=(quarantined(failure, now),))
    assert write_outcome(plan, events, context=context).splitlines()[-5:] == [
        "rolled back: support-eu runs 88e01b2 again; its old replicas were never stopped",
        "done: the rest of production runs 3f2a91c, in 1m12s (rollout 41)",
        REFUSED,
        "to see it:  agentgit status -e production",
        "to try again:  fix it, commit, then agentgit apply -e production",
    ]
    some = write_outcome(plan, events, context=Context(only=("support-eu", "support-us")))
    assert "done: the rest of support-eu, support-us of production runs 3f2a91c" in some


def test_who_made_way_says_for_whom_and_what_stands(plan: Plan) -> None:
    event = Superseded(commit=NEWER, actor="Li <li@acme.example>", newer=True)
    assert write_outcome(plan, [event, finish("superseded")]).splitlines() == [
        "superseded: Li applies 1234567, and this rollout has made way",
        "until then: what ran in production still runs; what was new is gone again",
        "to see what comes of it:  agentgit history -e production",
    ]
    half = write_outcome(plan, [WaveDone(number=1), event, finish("superseded")])
    assert "until then: production is between two states: 1 of 2 waves done\n" in half
    taken = event.model_copy(update={"newer": False})
    assert write_outcome(plan, [taken, finish("superseded")]).startswith(
        "superseded: Li has taken the lease during the pause, for 1234567, and this rollout has "
    )
    unknown = write_outcome(plan, [Superseded(commit="", actor=""), finish("superseded")])
    assert unknown.startswith(
        "superseded: somebody else has taken the lease during the pause, and"
    )


def test_what_stands_without_a_part(records: tuple[RolloutRecord, ...], now: datetime) -> None:
    failed = records[1]
    assert failed.failure is not None
    part = failed.model_copy(
        update={"outcome": "partial", "failures": (failed.failure,), "back_to": (OLD,)}
    )
    standing = find_standing((part, records[2]))
    assert standing is not None
    assert write_standing(standing, now) == (
        "last applied 3f2a91c without support-eu, 57 minutes ago by Ana"
    )
    superseded = records[2].model_copy(update={"outcome": "superseded"})
    broken = records[2].model_copy(update={"kind": "break", "outcome": "succeeded"})
    disturbed = find_standing((superseded, part))
    assert disturbed is not None
    assert disturbed.disturbed
    alone = find_standing((broken, part))
    assert alone is not None
    assert not alone.disturbed


def test_a_status_lists_what_is_in_quarantine(failure: Failure, now: datetime) -> None:
    one = quarantined(failure, now, message="503\x1b[2J\nmore")
    (line,) = write_standing_quarantine((one,), now)
    assert line == (
        "in quarantine: support-eu 9c41d07e, 1 hour ago, rollout 20261120-110000-0002, "
        "await-healthy: 503\\x1b[2J"
    )
    many = [quarantined(failure, now, f"i{number}") for number in range(7)]
    lines = list(write_standing_quarantine(many, now, PLAIN))
    assert len(lines) == 6
    assert lines[-1] == "  ... and 2 more instances in quarantine"


def test_a_pin_for_a_time_says_until_when(quiet_plan: Plan, now: datetime, pin: Pin) -> None:
    week = pin.model_copy(update={"expires": now + timedelta(days=6, hours=1)})
    plan = quiet_plan.model_copy(update={"pin": week})
    assert write_plan(plan, now=now).splitlines()[1] == (
        "the pin ends at 2026-11-26 13:00 UTC, with a newer commit, or with:  "
        "agentgit unpin -e production"
    )
    assert write_plan(plan, now=now, context=Context(pinning=True)).startswith(
        "carrying this out pins production at 88e01b2 instead of 3f2a91c, "
        "until 2026-11-26 13:00 UTC, a newer commit or:  agentgit unpin -e production\n"
    )


def test_an_expired_pin_is_told(plan: Plan, now: datetime, pin: Pin) -> None:
    over = pin.model_copy(update={"expires": now - timedelta(hours=2)})
    text = write_plan(plan.model_copy(update={"ended_pin": over}), now=now)
    assert "the pin at 88e01b2 by Ana (refunds went wild) expired 2 hours ago\n" in text
    later = pin.model_copy(update={"expires": now + timedelta(hours=2)})
    text = write_plan(plan.model_copy(update={"ended_pin": later}), now=now)
    assert "the pin at 88e01b2 by Ana (refunds went wild) ended with 3f2a91c\n" in text


def test_what_a_plan_goes_on_with_is_said(plan: Plan, quiet_plan: Plan, now: datetime) -> None:
    left = {"resumes": "20261120-110000-0002"}
    said = write_plan(plan.model_copy(update=left), now=now)
    assert "rollout 20261120-110000-0002 has not come to its end: " in said
    assert ": unless it is still at work, this goes on with it\n" in said
    nothing = write_plan(quiet_plan.model_copy(update=left), now=now)
    assert "has not come to its end: nothing of it is left to do\n" in nothing


def test_an_interruption_before_anything_began_says_so(plan: Plan) -> None:
    assert write_outcome(plan, []).splitlines()[0] == (
        "interrupted: nothing was changed; what ran in production still runs"
    )

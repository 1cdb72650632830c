from __future__ import annotations

import pytest

from agentgit.model.events import GoingBack, RolloutFinished, StepDone, StepFailed, WaveDone
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.report.outcome_text import write_outcome

ROLLED_BACK = """\
support-eu  acme-production-support-eu-0-9c41d07e-1 of revision 9c41d07e on eu-1: \
did not become healthy within 2m: GET /healthz answered 503
  step: await-healthy
  last lines of its log:
    11:02:09 crm: 401 Unauthorized
  its cause:  instructions              global/prompts/support.md:2
              model.params.temperature  environments/production/agents/support.yaml:6:21

rolled back: support-eu, support-us run 88e01b2 again; their old replicas were never stopped
to see it:  agentgit status -e production
to try again:  fix it, commit, then agentgit apply -e production"""


def _finish(outcome: str) -> RolloutFinished:
    return RolloutFinished.model_validate({"rollout": "41", "outcome": outcome, "seconds": 72})


@pytest.fixture
def going_back() -> GoingBack:
    return GoingBack(instances=("support-eu", "support-us"), to=("88e01b2" + "0" * 33,))


def test_a_rolled_back_rollout_tells_the_whole_story(
    plan: Plan, failure: Failure, going_back: GoingBack
) -> None:
    events = [StepFailed(failure=failure), going_back, _finish("rolled-back")]
    assert write_outcome(plan, events) == ROLLED_BACK


def test_it_does_not_claim_what_is_not_true(
    plan: Plan, failure: Failure, going_back: GoingBack
) -> None:
    stopped = StepDone(
        instance="support-eu",
        host="eu-1",
        step="stop-replica",
        target="acme-production-support-eu-0",
        seconds=1.0,
    )
    events = [stopped, StepFailed(failure=failure), going_back, _finish("rolled-back")]
    text = write_outcome(plan, events)
    assert "never stopped" not in text
    assert "replicas were replaced twice: support-eu\n" in text


def test_stopping_a_new_replica_again_is_no_interruption(
    plan: Plan, failure: Failure, going_back: GoingBack
) -> None:
    undone = StepDone(
        instance="support-eu",
        host="eu-1",
        step="stop-replica",
        target="acme-production-support-eu-0-9c41d07e-1",
        seconds=1.0,
    )
    events = [StepFailed(failure=failure), undone, going_back, _finish("rolled-back")]
    assert "never stopped" in write_outcome(plan, events)


def test_new_instances_that_failed_are_gone(plan: Plan, failure: Failure) -> None:
    events = [
        StepFailed(failure=failure),
        GoingBack(instances=("triage",), to=()),
        _finish("rolled-back"),
    ]
    assert "rolled back: triage was new and is gone" in write_outcome(plan, events)


def test_success_is_one_line(plan: Plan) -> None:
    assert write_outcome(plan, [_finish("succeeded")]) == (
        "done: production runs 3f2a91c; 2 added, 2 changed, 0 removed in 1m12s (rollout 41)"
    )


def test_the_worlds_fault_blames_no_field(plan: Plan, failure: Failure) -> None:
    world = failure.model_copy(
        update={"fault": "world", "message": "no space left on eu-1", "log": ()}
    )
    text = write_outcome(plan, [StepFailed(failure=world), _finish("failed")])
    assert "its cause" not in text
    assert "failed: production is not completely at 3f2a91c" in text
    assert "to go on when the reason is gone:  agentgit apply -e production" in text


def test_an_interrupted_rollout_says_what_stands(plan: Plan) -> None:
    assert write_outcome(plan, [_finish("interrupted")]).splitlines() == [
        "interrupted: what ran in production still runs; what was new is gone again",
        "to see what runs:  agentgit status -e production",
        "to go on:  agentgit apply -e production",
    ]
    half = write_outcome(plan, [WaveDone(number=1), _finish("interrupted")])
    assert half.startswith("interrupted: production is between two states: 1 of 2 waves done\n")


def test_escapes_in_a_log_are_shown(plan: Plan, failure: Failure) -> None:
    hostile = failure.model_copy(update={"log": ("\x1b]0;title\x07",)})
    text = write_outcome(plan, [StepFailed(failure=hostile), _finish("failed")])
    assert r"\x1b]0;title\x07" in text
    assert "\x1b" not in text

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.model.change import Change
from agentgit.model.events import (
    GoingBack,
    LeftBehind,
    RolloutFinished,
    StepDone,
    StepFailed,
    WaveDone,
    WaveStarted,
)
from agentgit.model.observed import Health, HostState, Observed, Replica, Unreachable
from agentgit.model.origin import Origin
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.report.context import Context
from agentgit.report.failure_text import collapse
from agentgit.report.outcome_text import write_outcome

NEW, OLD = "9c41d07e" + "0" * 56, "1b2c3d4e" + "0" * 56

ROLLED_BACK = """\
support-eu  acme-production-support-eu-0-9c41d07e-1 of revision 9c41d07e on eu-1: \
did not become healthy within 2m: GET /healthz answered 503
  step: await-healthy
  last lines of its log:
    11:02:09 crm: 401 Unauthorized
  its cause:  model.params.temperature  environments/production/agents/support.yaml:6:21

rolled back: support-eu, support-us run 88e01b2 again; their old replicas were never stopped
to see it:  agentgit status -e production
to try again:  fix it, commit, then agentgit apply -e production"""


def _finish(outcome: str) -> RolloutFinished:
    return RolloutFinished.model_validate({"rollout": "41", "outcome": outcome, "seconds": 72})


def test_what_is_left_behind_is_no_failure(plan: Plan) -> None:
    left = LeftBehind(host="eu-1", step="remove-image", target="acme/a:1", message="in use")
    text = write_outcome(plan, (left, _finish("succeeded")))
    assert text.startswith(
        "not removed: acme/a:1 on eu-1: in use; the next rollout tries it again"
    )
    assert "\ndone: production runs" in text


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
    begun = WaveStarted(number=1, of=2, title="rolling 1", moves=2)
    text = write_outcome(plan, [begun, StepFailed(failure=world), _finish("failed")])
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


@pytest.fixture
def observed() -> Callable[..., Observed]:
    """Build what runs from (instance, revision, health) of each replica."""

    def build(*replicas: tuple[str, str, Health]) -> Observed:
        found = tuple(
            Replica(
                host="eu-1",
                id=f"{revision}-{slot}",
                name=f"{name}-{slot}",
                instance=name,
                agent=name,
                slot=slot,
                revision=revision,
                commit="c",
                state="running",
                health=health,
            )
            for slot, (name, revision, health) in enumerate(replicas)
        )
        host = HostState(host="eu-1", engine="docker", replicas=found)
        return Observed(environment="production", hosts=(host,))

    return build


def _image_failure() -> Failure:
    return Failure(
        instance="",
        host="here",
        replica="newcomer-bot:99",
        step="ensure-image",
        message="here: here: the image newcomer-bot:99 is not there and could not be pulled",
        hint="check its name and tag",
        fault="world",
    )


NOTHING_CHANGED = """\
here  the image newcomer-bot:99 is not there and could not be pulled
  step: ensure-image
  asked for:  hello  global/agents/hello.yaml:12:14
hint: check its name and tag

failed: nothing was changed; production still runs 88e01b2
to see what runs:  agentgit status -e production
to go on when the reason is gone:  agentgit apply -e production --only hello"""


def test_what_failed_before_any_wave_has_changed_nothing(
    plan: Plan, records: tuple[RolloutRecord, ...], observed: Callable[..., Observed]
) -> None:
    origin = Origin(layer="global", path="global/agents/hello.yaml", line=12, column=14)
    context = Context(
        command="agentgit apply -e production --only hello",
        records=records,
        before=observed(("support-eu", OLD, "healthy")),
        images={"newcomer-bot:99": (("hello", origin),)},
    )
    events = [StepFailed(failure=_image_failure()), _finish("failed")]
    assert write_outcome(plan, events, context=context) == NOTHING_CHANGED


def test_nothing_ran_and_nothing_runs(plan: Plan, observed: Callable[..., Observed]) -> None:
    events = [StepFailed(failure=_image_failure()), _finish("failed")]
    text = write_outcome(plan, events, context=Context(before=observed()))
    assert "failed: nothing was changed; nothing runs in production\n" in text


def test_a_way_back_that_failed_is_told_once_and_as_it_is(
    plan: Plan, failure: Failure, going_back: GoingBack, observed: Callable[..., Observed]
) -> None:
    before = observed(*[("support-eu", OLD, "healthy")] * 2, *[("support-us", OLD, "healthy")] * 2)
    after = observed(
        ("support-eu", OLD, "healthy"),
        ("support-eu", NEW, "unhealthy"),
        ("support-us", OLD, "healthy"),
        ("support-us", OLD, "healthy"),
    )
    begun = WaveStarted(number=1, of=2, title="rolling 1", moves=2)
    events = [begun, StepFailed(failure=failure), going_back, _finish("failed")]
    text = write_outcome(plan, events, context=Context(before=before, after=after))
    assert text.endswith(
        "failed: going back to 88e01b2 did not succeed either; production is between two states\n"
        "  support-eu  1 healthy of the old revision 1b2c3d4e, "
        "1 unhealthy of the new revision 9c41d07e\n"
        "to see what runs:  agentgit status -e production\n"
        "to get back to 88e01b2:  agentgit rollback -e production --to 88e01b2"
    )
    assert "rolled back" not in text


def test_what_runs_on_a_silent_host_is_not_invented(
    plan: Plan, failure: Failure, going_back: GoingBack, observed: Callable[..., Observed]
) -> None:
    before = observed(("support-eu", OLD, "healthy"))
    silent = Observed(
        environment="production",
        hosts=(),
        unreachable=(Unreachable(host="eu-1", reason="timed out"),),
    )
    events = [StepFailed(failure=failure), going_back, _finish("failed")]
    text = write_outcome(plan, events, context=Context(before=before, after=silent))
    assert "  what runs on eu-1 is unknown: it does not answer\n" in text
    assert "nothing runs" not in text
    assert "missing" not in text


def test_the_same_replicas_as_before_are_no_half_way(
    plan: Plan, failure: Failure, going_back: GoingBack, observed: Callable[..., Observed]
) -> None:
    same = observed(("support-eu", OLD, "healthy"))
    events = [StepFailed(failure=failure), going_back, _finish("failed")]
    text = write_outcome(plan, events, context=Context(before=same, after=same))
    assert "failed: what ran in production still runs\n" in text


def test_what_is_not_there_yet_is_listed(
    plan: Plan, failure: Failure, observed: Callable[..., Observed]
) -> None:
    world = failure.model_copy(update={"fault": "world"})
    begun = WaveStarted(number=1, of=2, title="rolling 1", moves=2)
    before = observed(*[("support-eu", OLD, "healthy")] * 2)
    after = observed(("support-eu", NEW, "healthy"), ("support-eu", OLD, "healthy"))
    events = [begun, StepFailed(failure=world), _finish("failed")]
    text = write_outcome(plan, events, context=Context(before=before, after=after))
    assert (
        "  support-eu  1 healthy of the old revision 1b2c3d4e, "
        "1 healthy of the new revision 9c41d07e\n"
    ) in text


def test_equal_failures_are_told_once(plan: Plan, failure: Failure) -> None:
    def meet(instance: str, slot: int) -> StepFailed:
        name = f"acme-production-{instance}-{slot}-9c41d07e-1"
        message = f"{name} is unhealthy: GET http://127.0.0.1:3276{slot}/healthz answered 503"
        fields = {"instance": instance, "replica": name, "message": message}
        return StepFailed(failure=failure.model_copy(update=fields))

    events = [meet("support-eu", 0), meet("support-eu", 1), meet("support-us", 0)]
    text = write_outcome(plan, [*events, _finish("rolled-back")])
    assert text.count("is unhealthy") == 1
    assert "  the same: 1 more replica of support-eu\n  the same: support-us\n" in text
    other = failure.model_copy(update={"instance": "web", "message": "something else"})
    text = write_outcome(plan, [*events, StepFailed(failure=other), _finish("rolled-back")])
    assert "something else" in text


def test_a_text_is_no_cause_of_a_crash(
    plan: Plan, failure: Failure, changes: tuple[Change, ...]
) -> None:
    prompt = changes[1].model_copy(update={"fields": changes[1].fields[:1]})
    only = plan.model_copy(update={"changes": (prompt,)})
    text = write_outcome(only, [StepFailed(failure=failure), _finish("rolled-back")])
    assert "its cause" not in text
    assert "  changed:  instructions  global/prompts/support.md:2\n" in text


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["a", "a", "a", "a"], ["a (x4)"]),
        (["a", "b", "a"], ["a", "b", "a"]),
        (["a", "b", "a", "b", "c"], ["a", "b (these 2 lines x2)", "c"]),
        (["s", "a", "a", "b"], ["s", "a (x2)", "b"]),
        ([], []),
    ],
)
def test_lines_that_repeat_are_collapsed(lines: list[str], shown: list[str]) -> None:
    assert collapse(lines) == shown


def test_only_some_instances_do_not_stand_for_all(plan: Plan) -> None:
    context = Context(only=("beta",))
    text = write_outcome(plan, [_finish("succeeded")], context=context)
    assert text.startswith("done: beta runs 3f2a91c, the rest of production is as it was; ")


def test_a_restart_claims_no_commit(plan: Plan) -> None:
    context = Context(kind="restart", only=("beta",))
    text = write_outcome(plan, [_finish("succeeded")], context=context)
    assert text == "done: beta of production has been restarted in 1m12s (rollout 41)"

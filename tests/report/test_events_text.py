from __future__ import annotations

import pytest

from agentgit.model.events import (
    Event,
    GoingBack,
    HoldStarted,
    MoveUndone,
    PrepareDone,
    RolloutFinished,
    RolloutStarted,
    StepDone,
    StepFailed,
    StepRetried,
    StepStarted,
    WaveDone,
    WaveStarted,
)
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.report.events_text import Progress

STEP = {"instance": "support-eu", "host": "eu-1", "target": "acme-support-eu-0"}


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            RolloutStarted(
                rollout="41", environment="production", commit="3f2a91c0", waves=2, moves=1
            ),
            "rollout 41 of production to 3f2a91c: 2 waves, 1 move",
        ),
        (PrepareDone(steps=3), "prepared: 3 steps, no running replica was touched"),
        (
            WaveStarted(number=1, of=2, title="canary 10 %", moves=2),
            "wave 1 of 2  canary 10 %  (2 moves)",
        ),
        (
            StepStarted(step="await-healthy", **STEP),
            "  support-eu: waiting until healthy: acme-support-eu-0 on eu-1",
        ),
        (StepStarted(step="start-replica", **STEP), ""),
        (
            StepDone(step="await-healthy", seconds=4.04, **STEP),
            "  support-eu: healthy: acme-support-eu-0 on eu-1 (4.0s)",
        ),
        (
            StepRetried(step="start-replica", attempt=1, wait=0.5, message="reset", **STEP),
            "  support-eu: reset; trying again in 0.5s",
        ),
        (
            StepRetried(
                instance="",
                host="",
                target="",
                step="hold",
                attempt=1,
                wait=0.5,
                message="eu-1: does not answer",
            ),
            "  eu-1: does not answer; trying again in 0.5s",
        ),
        (HoldStarted(seconds=120), "looking at the new replicas for 2m00s"),
        (WaveDone(number=1), "wave 1 is done"),
        (
            MoveUndone(instance="support-eu", host="eu-1", slot=0),
            "  support-eu 0 on eu-1: the new replica is gone again",
        ),
        (GoingBack(instances=("a", "b"), to=("88e01b2f",)), "going back: a, b to 88e01b2"),
        (GoingBack(instances=("a",), to=()), "going back: removing a"),
        (
            RolloutFinished(rollout="41", outcome="rolled-back", seconds=61),
            "rollout 41 rolled back after 1m01s",
        ),
    ],
)
def test_each_event_is_a_line(plan: Plan, event: Event, line: str) -> None:
    progress = Progress(plan, verbose=True)
    assert progress.write(event, 12.0) == (f"   12s  {line}" if line else "")


def test_a_failure_is_one_safe_short_line(plan: Plan, failure: Failure) -> None:
    message = f"{failure.replica} did\x1b[2J not become healthy: " + "x" * 200 + "\nand more"
    event = StepFailed(failure=failure.model_copy(update={"message": message}))
    line = Progress(plan).write(event, 1.0)
    assert line.startswith(
        r"  1.0s    support-eu: failed: a replica did\x1b[2J not become healthy: xxx"
    )
    assert line.endswith("x…")
    assert len(line) < 140


def _done(step: str, target: str, seconds: float = 0.1) -> StepDone:
    return StepDone(instance="support-eu", host="eu-1", step=step, target=target, seconds=seconds)


def test_a_replica_is_worth_two_lines(plan: Plan) -> None:
    progress = Progress(plan)
    events = [
        StepStarted(step="create-replica", **STEP),
        *(_done(step, "new") for step in ("create-replica", "start-replica")),
        StepStarted(step="await-healthy", **STEP),
        *(_done(step, "new") for step in ("await-healthy",)),
        *(_done(step, "old") for step in ("stop-replica", "remove-replica")),
        WaveDone(number=1),
    ]
    assert [line for event in events if (line := progress.write(event, 1.0))] == [
        "  1.0s    support-eu: healthy: new on eu-1 (0.1s)",
        "  1.0s    support-eu: removed: old on eu-1",
    ]


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize(("seconds", "killed"), [(9.9, False), (10.0, True)])
def test_a_stop_as_long_as_the_grace_period_was_a_kill(
    plan: Plan,
    seconds: float,
    killed: bool,  # noqa: FBT001 - a parameter of the test
    verbose: bool,  # noqa: FBT001 - the same
) -> None:
    progress = Progress(plan, verbose=verbose)
    old = "acme-production-support-eu-0"
    progress.write(_done("stop-replica", old, seconds), 1.0)
    line = progress.write(_done("remove-replica", old), 1.0)
    assert line.endswith(", killed after its grace period") == killed

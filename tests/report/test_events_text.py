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
    StepStarted,
    WaveDone,
    WaveStarted,
)
from agentgit.model.rollout import Failure
from agentgit.report.events_text import write_event

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
def test_each_event_is_a_line(event: Event, line: str) -> None:
    assert write_event(event, 12.0) == (f"   12s  {line}" if line else "")


def test_a_failure_is_one_safe_line(failure: Failure) -> None:
    event = StepFailed(failure=failure.model_copy(update={"message": "it\x1b[2J\nbroke"}))
    assert write_event(event, 1.0) == r"  1.0s    support-eu: failed: it\x1b[2J\nbroke"

"""The public JSON document of one rollout and of its events, version 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentgit.model.events import (
    Event,
    GoingBack,
    HoldDone,
    HoldStarted,
    InstanceGivenUp,
    LeaseAwaited,
    LeftBehind,
    MoveUndone,
    PrepareDone,
    RolloutFinished,
    RolloutStarted,
    StepDone,
    StepFailed,
    StepRetried,
    StepStarted,
    Superseded,
    WaveDone,
    WaveStarted,
)
from agentgit.model.plan import Plan
from agentgit.report.json_v1 import commit_document, failure_document, pin_document

if TYPE_CHECKING:
    from agentgit.report.documents import rollout as shape


def rollout_document(
    plan: Plan, events: Sequence[Event], warnings: Sequence[str], *, cut_off: bool = False
) -> shape.RolloutDocument:
    """What `apply --json` prints; `outcome` is null where there was nothing to do.

    `cut_off`: somebody interrupted before there was any event.
    """
    finish = next((one for one in reversed(events) if isinstance(one, RolloutFinished)), None)
    outcome = finish.outcome if finish else ("interrupted" if events or cut_off else None)
    return {
        "format": "agentgit/rollout@1",
        "environment": plan.environment,
        "commit": commit_document(plan.commit),
        "pin": pin_document(plan.pin),
        "rollout": finish.rollout if finish else None,
        "outcome": outcome,
        "seconds": finish.seconds if finish else None,
        "failures": [
            failure_document(one.failure) for one in events if isinstance(one, StepFailed)
        ],
        "events": [event_document(one) for one in events],
        "warnings": list(warnings),
    }


def event_document(event: Event) -> shape.EventDocument:  # noqa: PLR0911 - a case each
    """One event of a rollout."""
    match event:
        case StepStarted() | StepDone() | StepRetried():
            return _step(event)
        case WaveStarted() | WaveDone() | HoldStarted() | HoldDone():
            return _wave(event)
        case StepFailed() | LeftBehind() | MoveUndone() | InstanceGivenUp() | GoingBack():
            return _trouble(event)
        case PrepareDone():
            return {"kind": event.kind, "steps": event.steps}
        case Superseded():
            return {"kind": event.kind, "commit": event.commit, "actor": event.actor}
        case LeaseAwaited():
            return {
                "kind": event.kind,
                "hosts": list(event.hosts),
                "seconds": event.seconds,
                "holder": event.holder,
                "asked": event.asked,
                "patience": event.patience,
            }
        case RolloutStarted():
            return {
                "kind": event.kind,
                "rollout": event.rollout,
                "commit": event.commit,
                "waves": event.waves,
                "moves": event.moves,
            }
        case RolloutFinished():
            return {
                "kind": event.kind,
                "rollout": event.rollout,
                "outcome": event.outcome,
                "seconds": event.seconds,
            }


def _wave(event: WaveStarted | WaveDone | HoldStarted | HoldDone) -> shape.EventDocument:
    match event:
        case WaveStarted():
            return {
                "kind": event.kind,
                "number": event.number,
                "of": event.of,
                "moves": event.moves,
                "title": event.title,
            }
        case WaveDone():
            return {"kind": event.kind, "number": event.number}
        case HoldStarted():
            return {"kind": event.kind, "seconds": event.seconds}
        case HoldDone():
            return {"kind": event.kind}


def _trouble(
    event: StepFailed | LeftBehind | MoveUndone | InstanceGivenUp | GoingBack,
) -> shape.EventDocument:
    match event:
        case StepFailed():
            return {"kind": event.kind, "failure": failure_document(event.failure)}
        case LeftBehind():
            return {
                "kind": event.kind,
                "host": event.host,
                "step": event.step,
                "target": event.target,
                "message": event.message,
            }
        case MoveUndone():
            return {
                "kind": event.kind,
                "instance": event.instance,
                "host": event.host,
                "slot": event.slot,
            }
        case InstanceGivenUp():
            return {
                "kind": event.kind,
                "instance": event.instance,
                "failed": event.failed,
                "tolerated": event.tolerated,
            }
        case GoingBack():
            return {"kind": event.kind, "instances": list(event.instances), "to": list(event.to)}


def _step(event: StepStarted | StepDone | StepRetried) -> shape.EventDocument:
    started: shape.StepStartedDocument = {
        "kind": "step-started",
        "instance": event.instance,
        "host": event.host,
        "step": event.step,
        "target": event.target,
    }
    match event:
        case StepStarted():
            return started
        case StepDone():
            return {**started, "kind": event.kind, "seconds": event.seconds}
        case StepRetried():
            return {
                **started,
                "kind": event.kind,
                "attempt": event.attempt,
                "wait": event.wait,
                "message": event.message,
            }

"""A rollout as plain lines, one for each event that is worth one."""

from __future__ import annotations

from agentgit.model.events import (
    Event,
    GoingBack,
    HoldStarted,
    LeaseAwaited,
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
from agentgit.model.value import format_duration
from agentgit.report.palette import PLAIN, Palette, Role, safe
from agentgit.report.wording import count, join_names, short, write_elapsed

_BEGUN = {  # only what takes long enough to wonder about
    "ensure-image": "fetching image",
    "await-healthy": "waiting until healthy",
}
_DONE = {
    "ensure-image": "image is there",
    "ensure-network": "network is there",
    "ensure-volume": "volume is there",
    "export-source": "source is there",
    "create-replica": "created",
    "start-replica": "started",
    "update-replica": "updated in place",
    "stop-replica": "stopped",
    "remove-replica": "removed",
    "remove-leftover": "leftover removed",
    "await-healthy": "healthy",
}


def write_event(event: Event, elapsed: float, palette: Palette = PLAIN) -> str:
    """Write one line, with the seconds since the start in front; empty when it is not worth it."""
    text = _word(event, palette)
    return f"{write_elapsed(elapsed):>6}  {text}" if text else ""


def _word(event: Event, palette: Palette) -> str:  # noqa: C901, PLR0911 - a case for each event
    match event:
        case LeaseAwaited():
            return (
                f"waiting for {safe(join_names(event.hosts))}: the lease of "
                f"{safe(event.environment)} is held; it is taken over when its holder has been "
                f"still for {format_duration(event.seconds)}"
            )
        case RolloutStarted():
            return (
                f"rollout {event.rollout} of {safe(event.environment)} to {short(event.commit)}: "
                f"{count(event.waves, 'wave')}, {count(event.moves, 'move')}"
            )
        case PrepareDone():
            if not event.steps:
                return ""
            return f"prepared: {count(event.steps, 'step')}, no running replica was touched"
        case WaveStarted():
            return (
                f"wave {event.number} of {event.of}  {safe(event.title)}  "
                f"({count(event.moves, 'move')})"
            )
        case WaveDone():
            return f"wave {event.number} is done"
        case HoldStarted():
            return f"looking at the new replicas for {write_elapsed(event.seconds)}"
        case StepStarted():
            return _word_step(event, _BEGUN.get(event.step, ""))
        case StepDone():
            words = _DONE.get(event.step, event.step)
            return f"{_word_step(event, words)} ({write_elapsed(event.seconds)})"
        case MoveUndone():
            place = f"{safe(event.instance)} {event.slot} on {safe(event.host)}"
            return f"  {place}: the new replica is gone again"
        case StepFailed() | GoingBack() | RolloutFinished():
            return _word_end(event, palette)


def _word_end(event: StepFailed | GoingBack | RolloutFinished, palette: Palette) -> str:
    match event:
        case StepFailed():
            failure = event.failure
            mark = palette.paint("error", "failed")
            who = safe(failure.instance or failure.host)
            return f"  {who}: {mark}: {safe(failure.message)}"
        case GoingBack():
            names = join_names(event.instances)
            if not event.to:
                return f"going back: removing {names}"
            return f"going back: {names} to {', '.join(short(one) for one in event.to)}"
        case RolloutFinished():
            role: Role = "good" if event.outcome == "succeeded" else "error"
            outcome = palette.paint(role, event.outcome.replace("-", " "))
            return f"rollout {event.rollout} {outcome} after {write_elapsed(event.seconds)}"


def _word_step(event: StepStarted | StepDone, words: str) -> str:
    if not words:
        return ""
    who = f"{safe(event.instance)}: " if event.instance else ""
    return f"  {who}{words}: {safe(event.target)} on {safe(event.host)}"

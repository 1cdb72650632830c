"""A rollout as plain lines, one for each event that is worth one."""

from __future__ import annotations

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
from agentgit.model.steps import StopReplica
from agentgit.model.value import format_duration
from agentgit.report.failure_text import shorten_failure
from agentgit.report.palette import PLAIN, Palette, Role, safe
from agentgit.report.wording import count, join_names, short, write_elapsed

_BEGUN = {  # only what takes long enough to wonder about
    "ensure-image": "making sure that the image is there",
    "await-healthy": "waiting until healthy",
}
_DONE = {
    "ensure-image": "image is there",
    "check-room": "room is left",
    "ensure-network": "network is there",
    "ensure-volume": "volume is there",
    "export-source": "source is there",
    "create-replica": "created",
    "start-replica": "started",
    "update-replica": "updated in place",
    "stop-replica": "stopped",
    "remove-replica": "removed",
    "remove-leftover": "leftover removed",
    "remove-image": "image removed",
    "await-healthy": "healthy",
}
_SHORT = {  # what is worth a line to who did not ask for all of them
    "await-healthy": "healthy",
    "update-replica": "updated in place",
    "remove-replica": "removed",
}


class Progress:
    """Writes the events of one rollout, each with the seconds since its start in front.

    Without `verbose` a replica has a line when it is healthy and one when it is gone.
    """

    def __init__(self, plan: Plan, palette: Palette = PLAIN, *, verbose: bool = False) -> None:
        self._graces = Graces(plan)
        self._palette = palette
        self._verbose = verbose
        self._killed: set[str] = set()

    def write(self, event: Event, elapsed: float) -> str:
        """Write one line; empty when the event is not worth it."""
        text = self._word(event)
        return f"{write_elapsed(elapsed):>6}  {text}" if text else ""

    def word(self, event: Event) -> str:
        """Write one line without the time; empty when the event is not worth it."""
        return self._word(event)

    def _word(self, event: Event) -> str:
        if isinstance(event, StepStarted):
            shown = self._verbose or event.step == "ensure-image"
            return _word_step(event, _BEGUN.get(event.step, "") if shown else "")
        if isinstance(event, StepDone):
            return self._word_done(event)
        return _word(event, self._palette, verbose=self._verbose)

    def _word_done(self, event: StepDone) -> str:
        killed = ""
        if event.step == "stop-replica" and self._graces.ran_out(event):
            self._killed.add(event.target)
        if event.step in {"stop-replica", "remove-replica"} and event.target in self._killed:
            killed = ", killed after its grace period"
        words = (_DONE if self._verbose else _SHORT).get(event.step, "")
        if not words:
            return event.step if self._verbose else ""
        seconds = f" ({write_elapsed(event.seconds)})" if event.step in _TIMED else ""
        return f"{_word_step(event, words)}{seconds}{killed}"


_TIMED = frozenset({"await-healthy", "stop-replica", "ensure-image", "export-source"})


class Graces:
    """How long each replica of a plan may take to end."""

    def __init__(self, plan: Plan) -> None:
        stops = [
            (move.instance, step)
            for move in plan.moves
            for step in (*move.steps, *move.undo)
            if isinstance(step, StopReplica)
        ]
        self._of_replica = {step.name: step.grace for _, step in stops}
        self._of_instance = {instance: step.grace for instance, step in stops}

    def ran_out(self, event: StepDone) -> bool:
        """Whether a stop took as long as the grace period, so that the replica was killed.

        What goes back is no part of the plan: its instance says how long it may take.
        """
        known = self._of_instance.get(event.instance)
        grace = self._of_replica.get(event.target, known)
        return grace is not None and grace > 0 and event.seconds >= grace


def _word(event: Event, palette: Palette, *, verbose: bool) -> str:  # noqa: C901, PLR0911, PLR0912 - a case each
    match event:
        case LeaseAwaited():
            return _word_wait(event)
        case RolloutStarted():
            return (
                f"rollout {event.rollout} of {safe(event.environment)} to {short(event.commit)}: "
                f"{count(event.waves, 'wave')}, {count(event.moves, 'move')}"
            )
        case PrepareDone():
            if not (event.steps and verbose):
                return ""
            return f"prepared: {count(event.steps, 'step')}, no running replica was touched"
        case WaveStarted():
            return (
                f"wave {event.number} of {event.of}  {safe(event.title)}  "
                f"({count(event.moves, 'move')})"
            )
        case WaveDone():
            return f"wave {event.number} is done" if verbose else ""
        case HoldStarted():
            return f"looking at the new replicas for {write_elapsed(event.seconds)}"
        case HoldDone():
            return "the look is over: all was well" if verbose else ""
        case LeftBehind():
            return f"  {safe(event.host)}: left behind: {safe(event.message)}"
        case StepRetried():
            who = safe(event.instance or event.host)  # a pause names the host in the message
            said = f"{who}: {safe(event.message)}" if who else safe(event.message)
            return f"  {said}; trying again in {write_elapsed(event.wait)}"
        case InstanceGivenUp():
            return (
                f"  {safe(event.instance)}: given up, the rollout goes on without it "
                f"({event.failed} of at most {event.tolerated} failed)"
            )
        case Superseded():
            return _word_superseded(event)
        case MoveUndone():
            place = f"{safe(event.instance)} {event.slot} on {safe(event.host)}"
            return f"  {place}: the new replica is gone again" if verbose else ""
        case StepFailed() | GoingBack() | RolloutFinished():
            return _word_end(event, palette)
        case StepStarted() | StepDone():
            return ""  # `Progress` words these


def _word_superseded(event: Superseded) -> str:
    who, commit = safe(event.actor), short(event.commit)
    if event.newer:
        return (
            f"{who} applies {commit}, which is newer: stopping at the next safe point to make way"
        )
    return (
        f"{who} has taken the lease during the pause{f', for {commit}' if commit else ''}: "
        "stopping to make way"
    )


def _word_wait(event: LeaseAwaited) -> str:
    name = safe(event.environment)
    by = f" by {safe(event.holder)}" if event.holder else ""
    if event.asked:
        return (
            f"{name} is being changed{by} to an older commit: asked to make way, waiting for at "
            f"most {format_duration(event.patience)}"
        )
    where = f"waiting for {safe(join_names(event.hosts))}: the lease of {name} is held{by}"
    most = f" (at most {format_duration(event.patience)})" if event.patience else ""
    still = format_duration(event.seconds)
    return f"{where}{most}; it is taken over when its holder has been still for {still}"


def _word_end(event: StepFailed | GoingBack | RolloutFinished, palette: Palette) -> str:
    match event:
        case StepFailed():
            failure = event.failure
            mark = palette.paint("error", "failed")
            who = safe(failure.instance or failure.host)
            return f"  {who}: {mark}: {shorten_failure(failure)}"
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

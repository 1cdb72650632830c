"""Carries out a plan step by step, side by side within a wave, and tells what happens.

It decides nothing: the same list of steps was shown before. A failure ends the rollout; the moves
of the wave that have not finished are taken back by their own `undo`, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event as Flag

from agentgit.effects import Clock, Providers
from agentgit.errors import AgentgitError
from agentgit.execute.failure import classify_failure
from agentgit.execute.health import HeldReplicaError, InterruptedStepError, hold
from agentgit.execute.tasks import Task, run_tasks
from agentgit.model.events import (
    Event,
    HoldStarted,
    MoveUndone,
    PrepareDone,
    StepFailed,
    WaveDone,
    WaveStarted,
)
from agentgit.model.plan import Move, Plan, Wave
from agentgit.model.rollout import Failure
from agentgit.model.steps import AwaitHealthy, Hold, Stamp

WORKERS = 16  # moves at the same time; engines answer side by side, but not without bound


@dataclass
class Execution:
    """One run of a plan; `stop` may be set at any time to end it at a safe point.

    `finished` says afterwards whether it came to its end at all, `failure` and `interrupted` why
    it did not end well.
    """

    providers: Providers
    clock: Clock
    stamp: Stamp
    stop: Flag = field(default_factory=Flag)
    workers: int = WORKERS
    failure: Failure | None = None
    interrupted: bool = False
    finished: bool = False

    def ok(self) -> bool:
        """Whether everything so far has succeeded."""
        return self.failure is None and not self.interrupted

    def succeeded(self) -> bool:
        """Whether it came to its end, and everything has succeeded."""
        return self.finished and self.ok()


def execute(plan: Plan, execution: Execution) -> Iterator[Event]:
    """Perform the plan and yield what happens. Closing the generator stops at a safe point."""
    execution.finished = False
    yield from _run_plan(plan, execution)
    execution.finished = True


def _run_plan(plan: Plan, execution: Execution) -> Iterator[Event]:
    yield from _prepare(plan, execution)
    for number, wave in enumerate(plan.waves, 1):
        if not execution.ok():
            return
        yield WaveStarted(
            number=number, of=len(plan.waves), title=wave.title, moves=len(wave.moves)
        )
        yield from _run_wave(wave, execution)
        if execution.ok():
            yield WaveDone(number=number)
    if execution.ok():
        tasks = [Task(step.host, "", (step,)) for step in plan.cleanup]
        yield from _run(tasks, execution)


def _prepare(plan: Plan, execution: Execution) -> Iterator[Event]:
    hosts = dict.fromkeys(step.host for step in plan.prepare)
    tasks = [
        Task(host, "", tuple(step for step in plan.prepare if step.host == host)) for host in hosts
    ]
    yield from _run(tasks, execution)
    if execution.ok():
        yield PrepareDone(steps=len(plan.prepare))


def _run_wave(wave: Wave, execution: Execution) -> Iterator[Event]:
    prepared = [Task(m.host, m.instance, m.prepare, m) for m in wave.moves]
    yield from _run(prepared, execution)
    if not execution.ok():
        yield from _undo([task for task in prepared if task.begun], execution)
        return
    # From here on a move goes through to its end: half of it could be a gap in service.
    finished = [Task(m.host, m.instance, m.finish, m) for m in wave.moves]
    yield from _run(finished, execution, patient=True)
    if not execution.ok():
        yield from _undo([t for t in finished if t.error and _brings_up(t)], execution)
        return
    if wave.hold is not None:
        yield from _hold(wave.hold, wave, execution)
    if execution.stop.is_set():
        execution.interrupted = True


def _brings_up(task: Task) -> bool:
    """Whether the new replica came up only in these steps, so that it never served."""
    return any(step.kind == "await-healthy" for step in task.steps)


def _hold(step: Hold, wave: Wave, execution: Execution) -> Iterator[Event]:
    yield HoldStarted(seconds=step.duration)
    try:
        hold(step, execution.providers, execution.clock, execution.stop.is_set)
    except InterruptedStepError:
        execution.interrupted = True
    except AgentgitError as error:  # the engine does not answer
        execution.failure = classify_failure(
            error,
            instance=wave.moves[0].instance if wave.moves else "",
            host="",
            step=step.kind,
            target="",
            providers=execution.providers,
        )
        yield StepFailed(failure=execution.failure)
    except HeldReplicaError as failed:
        move = next((m for m in wave.moves if failed.name in _awaited(m)), None)
        execution.failure = classify_failure(
            failed.error,
            instance=move.instance if move else failed.instance,
            host=failed.host,
            step=step.kind,
            target=failed.name,
            providers=execution.providers,
        )
        yield StepFailed(failure=execution.failure)


def _awaited(move: Move) -> frozenset[str]:
    steps = (*move.prepare, *move.finish)
    return frozenset(step.name for step in steps if isinstance(step, AwaitHealthy))


def _run(tasks: list[Task], execution: Execution, *, patient: bool = False) -> Iterator[Event]:
    """Run tasks side by side; note the first failure, and whether somebody asked to stop."""
    for event in run_tasks(
        tasks,
        execution.providers,
        execution.clock,
        execution.stamp,
        workers=execution.workers,
        stop=None if patient else execution.stop,
    ):
        if isinstance(event, StepFailed) and execution.failure is None:
            execution.failure = event.failure
        yield event
    if execution.failure is None and not patient and execution.stop.is_set():
        execution.interrupted = True


def _undo(tasks: list[Task], execution: Execution) -> Iterator[Event]:
    """Take moves back, even when asked to stop: half a move is no safe point."""
    moves = [task.move for task in tasks if task.move is not None and task.move.undo]
    undone = [Task(move.host, move.instance, move.undo, move) for move in moves]
    yield from _run(undone, execution, patient=True)
    for task, move in zip(undone, moves, strict=True):
        if task.error is None:
            yield MoveUndone(instance=move.instance, host=move.host, slot=move.slot)

"""Carries out a plan step by step, side by side within a wave, and tells what happens.

It decides nothing: the same list of steps was shown before. A failure ends the rollout, unless the
plan tolerates it; the moves of the wave that have not finished are taken back by their own `undo`,
and nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.errors import LostLeaseError
from agentgit.execute.execution import Execution
from agentgit.execute.failure import classify_failure
from agentgit.execute.looking import look_for_a_while
from agentgit.execute.tasks import Task, run_tasks
from agentgit.model.events import (
    Event,
    LeftBehind,
    MoveUndone,
    PrepareDone,
    StepFailed,
    WaveDone,
    WaveStarted,
)
from agentgit.model.plan import Plan, Wave
from agentgit.model.steps import RemoveImage

__all__ = ["Execution", "execute"]


def execute(plan: Plan, execution: Execution) -> Iterator[Event]:
    """Perform the plan and yield what happens. Closing the generator stops at a safe point."""
    execution.begin(plan)
    yield from _run_plan(plan, execution)
    if execution.superseded is None and execution.interrupted and _may_change(execution):
        execution.superseded = execution.guard.makes_way_for()
    if execution.superseded is not None:
        yield execution.superseded
    execution.finished = True


def _run_plan(plan: Plan, execution: Execution) -> Iterator[Event]:
    yield from _prepare(plan, execution)
    for number, wave in enumerate(plan.waves, 1):
        if not execution.ok():
            return
        moves = _count_left(wave, execution)
        if moves or wave.hold is not None:
            yield WaveStarted(number=number, of=len(plan.waves), title=wave.title, moves=moves)
            yield from _run_wave(wave, plan, execution)
            if execution.ok():
                yield WaveDone(number=number)
    if execution.ok() and not execution.given_up:  # what goes back may need what nobody else does
        needed = [step for step in plan.cleanup if not isinstance(step, RemoveImage)]
        yield from _run([Task(step.host, "", (step,)) for step in needed], execution)
        if execution.ok():
            yield from _let_go(plan, execution)


def _let_go(plan: Plan, execution: Execution) -> Iterator[Event]:
    """Remove the images that nobody needs; what stays is no failure, and is tried next time."""
    images = [step for step in plan.cleanup if isinstance(step, RemoveImage)]
    tasks = [Task(step.host, "", (step,)) for step in images]
    for event in run_tasks(tasks, execution, patient=True):
        if isinstance(event, StepFailed):
            one = event.failure
            yield LeftBehind(host=one.host, step=one.step, target=one.replica, message=one.message)
        else:
            yield event


def _prepare(plan: Plan, execution: Execution) -> Iterator[Event]:
    hosts = dict.fromkeys(step.host for step in plan.prepare)
    tasks = [
        Task(host, "", tuple(step for step in plan.prepare if step.host == host)) for host in hosts
    ]
    yield from _run(tasks, execution)
    if execution.ok():
        yield PrepareDone(steps=len(plan.prepare))


def _count_left(wave: Wave, execution: Execution) -> int:
    """Count the moves of instances that have not been given up."""
    return sum(move.instance not in execution.given_up for move in wave.moves)


def _run_wave(wave: Wave, plan: Plan, execution: Execution) -> Iterator[Event]:
    moves = [move for move in wave.moves if move.instance not in execution.given_up]
    prepared = [Task(m.host, m.instance, m.prepare, m) for m in moves]
    yield from _run(prepared, execution)
    back = [t for t in prepared if t.begun and (not execution.ok() or _is_given_up(t, execution))]
    yield from _undo(back, execution)
    if not execution.ok():
        return
    # From here on a move goes through to its end: half of it could be a gap in service.
    going = [task.move for task in prepared if not _is_given_up(task, execution) and task.move]
    finished = [Task(m.host, m.instance, m.finish, m) for m in going]
    yield from _run(finished, execution, patient=True)
    yield from _undo([t for t in finished if t.error and _brings_up(t)], execution)
    if wave.hold is not None and execution.ok():
        yield from look_for_a_while(wave.hold, plan, execution)
    if execution.stop.is_set():
        execution.interrupted = True


def _is_given_up(task: Task, execution: Execution) -> bool:
    return task.instance in execution.given_up


def _brings_up(task: Task) -> bool:
    """Whether the new replica came up only in these steps, so that it never served."""
    return any(step.kind == "await-healthy" for step in task.steps)


def _run(
    tasks: list[Task], execution: Execution, *, patient: bool = False, undoing: bool = False
) -> Iterator[Event]:
    """Run tasks side by side; note what failed, and whether somebody asked to stop."""
    for event in run_tasks(tasks, execution, patient=patient, undoing=undoing):
        if isinstance(event, StepFailed) and (not undoing or event.failure.fault == "world"):
            execution.note(event.failure)
        yield event
    if execution.failure is None and not patient and execution.stop.is_set():
        execution.interrupted = True


def _undo(tasks: list[Task], execution: Execution) -> Iterator[Event]:
    """Take moves back, even when asked to stop: half a move is no safe point."""
    moves = [task.move for task in tasks if task.move is not None and task.move.undo]
    if not (moves and _may_change(execution)):
        return
    undone = [Task(move.host, move.instance, move.undo, move) for move in moves]
    yield from _run(undone, execution, patient=True, undoing=True)
    for task, move in zip(undone, moves, strict=True):
        if task.error is None:
            yield MoveUndone(instance=move.instance, host=move.host, slot=move.slot)


def _may_change(execution: Execution) -> bool:
    """Whether the lease is still there; without it the run has failed and changes nothing."""
    try:
        execution.guard.check()
    except LostLeaseError as error:
        where = {"instance": "", "host": "", "step": "lease", "target": ""}
        execution.note(classify_failure(error, **where, providers={}, revisions={}))
        execution.interrupted = False
        return False
    return True

"""Runs lists of steps side by side and merges what they tell into one stream of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event as Flag

from agentgit.errors import AgentgitError, EngineError, ReplicaError
from agentgit.execute.execution import Execution
from agentgit.execute.failure import classify_failure
from agentgit.execute.health import InterruptedStepError, await_healthy
from agentgit.execute.retry import retry
from agentgit.model.events import Event, StepDone, StepFailed, StepRetried, StepStarted
from agentgit.model.plan import Move
from agentgit.model.steps import AwaitHealthy, Step, target_of

_NOTICE = 0.2  # seconds that a signal may wait for its handler


@dataclass
class Task:
    """Steps in order, on behalf of a move or, with an empty instance, of the whole plan.

    The last three fields tell how it went: whether a step was begun at all, the error that ended
    it, and whether it ended because somebody asked to stop.
    """

    host: str
    instance: str
    steps: Sequence[Step]
    move: Move | None = None
    begun: bool = False
    error: Exception | None = None
    interrupted: bool = False


@dataclass(frozen=True)
class _Context:
    execution: Execution
    stop: Flag
    patient: bool
    undoing: bool
    events: SimpleQueue[Event | None]


def run_tasks(
    tasks: Sequence[Task], execution: Execution, *, patient: bool = False, undoing: bool = False
) -> Iterator[Event]:
    """Run every task to its end and yield events as they come.

    When somebody asks to stop or a task has failed, no task begins another step, and neither does
    one whose instance was given up; when `patient` every task goes through to its end, whatever
    happens to the others. While `undoing`, nothing is a verdict on a revision. Closing the
    generator waits for the steps under way. A bug is raised at the end.
    """
    failed, closing = Flag(), Flag()
    ending = _Any(closing) if patient else _Any(closing, failed, execution.stop)
    context = _Context(execution, ending, patient, undoing, SimpleQueue())
    jobs = [partial(_run_task, task, context, failed) for task in tasks]
    with execution.side_by_side(jobs, execution.workers):
        try:
            yield from _drain(context.events, len(tasks))
        finally:
            closing.set()
    for task in tasks:
        if task.error is not None and not isinstance(task.error, AgentgitError):
            raise task.error


class _Any(Flag):
    """Set when any of some flags is."""

    def __init__(self, *flags: Flag) -> None:
        super().__init__()
        self._flags = flags

    def is_set(self) -> bool:
        return any(flag.is_set() for flag in self._flags)


def _drain(events: SimpleQueue[Event | None], tasks: int) -> Iterator[Event]:
    """Yield events until every task has put its closing None.

    A signal that comes just before a wait without end is noticed only when that ends: its handler
    runs in this thread. So no wait is longer than `_NOTICE` seconds.
    """
    running = tasks
    while running:
        try:
            event = events.get(timeout=_NOTICE)
        except Empty:
            continue
        if event is None:
            running -= 1
        else:
            yield event


def _run_task(task: Task, context: _Context, failed: Flag) -> None:
    try:
        for step in task.steps:
            if context.stop.is_set() or _is_given_up(task, context):
                raise InterruptedStepError  # noqa: TRY301 - one way out
            task.begun = True
            _run_step(task, step, context)
    except InterruptedStepError:
        task.interrupted = True
    except Exception as error:  # noqa: BLE001 - kept; a bug is raised by run_tasks
        task.error = error
        if not _is_given_up(task, context):
            failed.set()
    finally:
        context.events.put(None)


def _is_given_up(task: Task, context: _Context) -> bool:
    return not context.patient and task.instance in context.execution.given_up


def _run_step(task: Task, step: Step, context: _Context) -> None:
    execution, target = context.execution, target_of(step)
    where = {"instance": task.instance, "host": step.host, "step": step.kind, "target": target}
    context.events.put(StepStarted(**where))
    began = execution.clock.monotonic()
    try:
        _try_step(step, context, where)
    except AgentgitError as error:
        failure = classify_failure(
            error, **where, providers=execution.providers, revisions=execution.revisions
        )
        news = None if context.undoing else execution.give_up(failure)
        context.events.put(StepFailed(failure=failure))
        if news is not None:
            context.events.put(news)
        raise
    seconds = round(execution.clock.monotonic() - began, 3)
    context.events.put(StepDone(**where, seconds=seconds))


def _try_step(step: Step, context: _Context, where: Mapping[str, str]) -> None:
    """Perform a step, again and again while the world is at fault and nobody asks to stop."""
    execution, ending = context.execution, _Any(context.stop, context.execution.stop)

    def may_not_wait() -> bool:
        execution.guard.check()
        return ending.is_set()

    def tell(attempt: int, wait: float, error: EngineError) -> None:
        message = error.message.removeprefix(f"{step.host}: ")
        context.events.put(StepRetried(**where, attempt=attempt, wait=wait, message=message))

    retry(
        lambda number: perform_step(step, execution, context.stop, after_outage=number > 1),
        execution.clock,
        may_not_wait,
        tell,
    )


def perform_step(
    step: Step, execution: Execution, stop: Flag, *, after_outage: bool = False
) -> None:
    """Perform one step: the one place that every step passes, and that asks whether it may."""
    guard, provider = execution.guard, execution.providers[step.host]

    def stopped() -> bool:
        guard.check()
        return stop.is_set()

    guard.check()
    if isinstance(step, AwaitHealthy):
        try:
            seen = await_healthy(
                step, provider, execution.clock, stopped, after_outage=after_outage
            )
            execution.seen[step.host, step.name] = seen
        except ReplicaError:
            guard.check()  # without the lease it may be somebody else who ended the replica
            raise
    else:
        provider.perform(step, guard.renew_stamp(execution.stamp))

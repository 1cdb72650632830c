"""Runs lists of steps side by side and merges what they tell into one stream of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event as Flag

from agentgit.effects import Clock, Providers
from agentgit.errors import AgentgitError
from agentgit.execute.failure import classify_failure
from agentgit.execute.health import InterruptedStepError, await_healthy
from agentgit.model.events import Event, StepDone, StepFailed, StepStarted
from agentgit.model.plan import Move
from agentgit.model.steps import AwaitHealthy, Stamp, Step, target_of

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
    providers: Providers
    clock: Clock
    stamp: Stamp
    stop: Flag
    events: SimpleQueue[Event | None]


def run_tasks(
    tasks: Sequence[Task],
    providers: Providers,
    clock: Clock,
    stamp: Stamp,
    *,
    workers: int,
    stop: Flag | None,
) -> Iterator[Event]:
    """Run every task to its end and yield events as they come.

    When `stop` is set or a task has failed, no task begins another step; without `stop` every
    task goes through to its end, whatever happens to the others. Closing the generator waits for
    the steps under way. A bug is raised at the end.
    """
    failed, closing = Flag(), Flag()
    ending = _Any(closing) if stop is None else _Any(closing, failed, stop)
    context = _Context(providers, clock, stamp, ending, SimpleQueue())
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        try:
            for task in tasks:
                pool.submit(_run_task, task, context, failed)
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
            if context.stop.is_set():
                raise InterruptedStepError  # noqa: TRY301 - one way out
            task.begun = True
            _run_step(task, step, context)
    except InterruptedStepError:
        task.interrupted = True
    except Exception as error:  # noqa: BLE001 - kept; a bug is raised by run_tasks
        task.error = error
        failed.set()
    finally:
        context.events.put(None)


def _run_step(task: Task, step: Step, context: _Context) -> None:
    where = {"instance": task.instance, "host": step.host, "step": step.kind}
    target = target_of(step)
    context.events.put(StepStarted(**where, target=target))
    began = context.clock.monotonic()
    try:
        perform_step(step, context.providers, context.clock, context.stamp, context.stop)
    except AgentgitError as error:
        failure = classify_failure(error, **where, target=target, providers=context.providers)
        context.events.put(StepFailed(failure=failure))
        raise
    seconds = round(context.clock.monotonic() - began, 3)
    context.events.put(StepDone(**where, target=target, seconds=seconds))


def perform_step(step: Step, providers: Providers, clock: Clock, stamp: Stamp, stop: Flag) -> None:
    """Perform one step: the one place that every step passes."""
    provider = providers[step.host]
    if isinstance(step, AwaitHealthy):
        await_healthy(step, provider, clock, stop.is_set)
    else:
        provider.perform(step, stamp)

"""The pause of a canary: looking at new replicas for a while, with the lease laid aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentgit.errors import AgentgitError, LostLeaseError
from agentgit.execute.execution import Execution
from agentgit.execute.failure import classify_failure
from agentgit.execute.health import LOOK, HeldReplicaError, InterruptedStepError, hold
from agentgit.execute.hooks import SupersededError
from agentgit.model.events import Event, HoldDone, HoldStarted, StepFailed, StepRetried
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.model.steps import AwaitHealthy, Hold


def look_for_a_while(pause: Hold, plan: Plan, execution: Execution) -> Iterator[Event]:
    """Look at replicas until the pause is over, and remember that it is.

    The rollout goes on without an instance that fails meanwhile, if so many may fail.
    """
    owners = _find_owners(plan)
    until = execution.clock.monotonic() + pause.duration
    left = _leave_out(pause, owners, execution)
    yield HoldStarted(seconds=pause.duration)
    while left.replicas:
        told, failure = _look(left, until, owners, execution)
        yield from told
        if failure is None:
            break
        news = execution.give_up(failure)
        execution.note(failure)
        yield StepFailed(failure=failure)
        if news is not None:
            yield news
        if not execution.ok():
            break
        known = owners | {failure.replica: failure.instance}
        left = _leave_out(left, known, execution)
    if execution.ok() and left.replicas:
        yield from _remember(left, execution)


def _find_owners(plan: Plan) -> dict[str, str]:
    """Find the instance of every replica that the plan waits for."""
    return {
        step.name: move.instance
        for move in plan.moves
        for step in move.steps
        if isinstance(step, AwaitHealthy)
    }


def _leave_out(pause: Hold, owners: Mapping[str, str], execution: Execution) -> Hold:
    """Leave out what belongs to instances that were given up."""
    gone = execution.given_up
    replicas = tuple(one for one in pause.replicas if owners.get(one[1]) not in gone)
    passes = tuple(one for one in pause.passes if one.instance not in gone)
    return pause.model_copy(update={"replicas": replicas, "passes": passes})


def _look(
    pause: Hold, until: float, owners: Mapping[str, str], execution: Execution
) -> tuple[list[Event], Failure | None]:
    """Look until the end or the first failure; gives what is to be told, and the failure."""
    told: list[Event] = []
    where = {"instance": "", "host": "", "step": pause.kind, "target": ""}
    looking = hold(
        pause.replicas, until, execution.providers, execution.clock, execution.stop.is_set
    )
    try:
        with execution.guard.aside():
            for away in looking:
                again = StepRetried(**where, attempt=1, wait=LOOK, message=away.message)
                told.append(again)
    except InterruptedStepError:
        execution.interrupted = True
    except SupersededError as error:
        execution.superseded = error.by
    except HeldReplicaError as failed:
        found = {"host": failed.host, "target": failed.name}
        found["instance"] = owners.get(failed.name, "")
        return told, _classify(failed.error, where | found, execution)
    except AgentgitError as error:  # the engine does not answer, or the lease is gone
        return told, _classify(error, where, execution)
    return told, None


def _remember(pause: Hold, execution: Execution) -> Iterator[Event]:
    try:
        execution.guard.check()
        execution.guard.passed(pause)
    except LostLeaseError as error:
        where = {"instance": "", "host": "", "step": pause.kind, "target": ""}
        failure = _classify(error, where, execution)
        execution.note(failure)
        yield StepFailed(failure=failure)
    else:
        yield HoldDone()


def _classify(error: AgentgitError, where: Mapping[str, str], execution: Execution) -> Failure:
    return classify_failure(
        error,
        instance=where["instance"],
        host=where["host"],
        step=where["step"],
        target=where["target"],
        providers=execution.providers,
        revisions=execution.revisions,
    )

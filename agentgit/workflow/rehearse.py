"""Rehearses a plan: the real interpreter, on a copy of what was observed, in simulated time.

Nothing that exists is touched. What it says is as good as `plan.estimates`, and supposes that
every agent does well: it shows the way that a rollout takes, not whether a change is good.
"""

from __future__ import annotations

from collections.abc import Callable

from agentgit.execute.interpreter import Execution, execute
from agentgit.execute.simulation import SimulatedClock
from agentgit.model.desired import Desired
from agentgit.model.events import Event, HoldStarted, WaveDone, WaveStarted
from agentgit.model.observed import Observed
from agentgit.model.plan import Plan
from agentgit.model.rehearsal import Course, Rehearsal
from agentgit.model.steps import AwaitHealthy, Stamp
from agentgit.workflow.rehearsed_host import RehearsedHost, list_running
from agentgit.workflow.tally import Tally


def rehearse(
    plan: Plan, desired: Desired, observed: Observed, tell: Callable[[Event], None] | None = None
) -> Rehearsal:
    """Say how a plan would go. `tell` is given every event of the imaginary run."""
    clock = SimulatedClock()
    tally = Tally(one for state in observed.hosts for one in list_running(state))
    awaited = _find_waits(plan)
    hosts = {
        state.host: RehearsedHost(state, desired, clock, tally, awaited)
        for state in observed.hosts
    }
    execution = Execution(
        hosts, clock, Stamp(rollout="rehearsal", fence=0), side_by_side=clock.side_by_side
    )
    waves, began = list[float](), 0.0
    for event in execute(plan, execution):
        if tell is not None:
            tell(event)
        if isinstance(event, WaveStarted):
            began = clock.monotonic()
        elif isinstance(event, HoldStarted):  # nobody else does anything meanwhile
            clock.expect(clock.monotonic() + event.seconds)
        elif isinstance(event, WaveDone):
            waves.append(round(clock.monotonic() - began, 3))
    return Rehearsal(
        seconds=round(clock.monotonic(), 3),
        waves=tuple(waves),
        replicas=tally.replicas,
        memory=tally.memory,
        unlimited=tally.unlimited,
        courses=_chart(plan, tally, clock.monotonic()),
        failure=_explain(execution),
        pulls=len(plan.absent_images),
    )


def _find_waits(plan: Plan) -> dict[str, AwaitHealthy]:
    return {
        step.name: step
        for move in plan.moves
        for step in move.steps
        if isinstance(step, AwaitHealthy)
    }


def _chart(plan: Plan, tally: Tally, end: float) -> tuple[Course, ...]:
    after = tally.close(end)
    touched = [change.instance for change in plan.changes if change.kind != "keep"]
    return tuple(
        Course(
            instance=name,
            before=tally.before[name],
            least=tally.least.get(name, 0),
            after=after[name],
            mixed=round(tally.mixed.get(name, 0.0), 3),
        )
        for name in touched
    )


def _explain(execution: Execution) -> str:
    failed = execution.failure or next(iter(execution.failures), None)
    if failed is None:
        return ""
    return f"{failed.instance}: {failed.message}" if failed.instance else failed.message

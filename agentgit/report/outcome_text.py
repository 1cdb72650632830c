"""How a rollout ended: the failure with its evidence and cause, what runs now, what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.model.events import (
    Event,
    GoingBack,
    RolloutFinished,
    StepDone,
    StepFailed,
    WaveDone,
)
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.model.steps import CreateReplica
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.plan_text import is_destroy
from agentgit.report.wording import (
    count,
    join_names,
    lay_out,
    short,
    short_revision,
    write_elapsed,
)

_LOG_LINES = 10
_CAUSES = 5
_FAILURES = 5


def write_outcome(plan: Plan, events: Sequence[Event], palette: Palette = PLAIN) -> str:
    """Write how it ended. Without a finish among the events it was interrupted."""
    finish = next((one for one in reversed(events) if isinstance(one, RolloutFinished)), None)
    lines: list[str] = []
    for failure in collect_failures(events)[:_FAILURES]:
        lines += [*_write_failure(failure, plan, palette), ""]
    outcome = finish.outcome if finish else "interrupted"
    if finish is not None and outcome == "succeeded":
        lines.append(_write_success(plan, finish, palette))
    elif outcome == "rolled-back":
        lines += _write_back(plan, events, palette)
    elif outcome == "interrupted":
        lines += _write_interrupted(plan, events, palette)
    else:
        lines += _write_stands(plan, events, palette)
    return "\n".join(lines)


def collect_failures(events: Sequence[Event]) -> list[Failure]:
    """Give each failure once, in order."""
    failures = (event.failure for event in events if isinstance(event, StepFailed))
    return list(dict.fromkeys(failures))


def _write_success(plan: Plan, finish: RolloutFinished, palette: Palette) -> str:
    kinds = [change.kind for change in plan.changes]
    numbers = (
        f"{kinds.count('create')} added, "
        f"{len(kinds) - kinds.count('create') - kinds.count('remove') - kinds.count('keep')} "
        f"changed, {kinds.count('remove')} removed"
    )
    done = palette.paint("good", "done:")
    if is_destroy(plan):
        gone = f"nothing of this project runs in {_name(plan)} any more"
        return f"{done} {gone}; {write_elapsed(finish.seconds)} (rollout {finish.rollout})"
    return (
        f"{done} {_name(plan)} runs {_commit(plan)}; {numbers} in "
        f"{write_elapsed(finish.seconds)} (rollout {finish.rollout})"
    )


def _write_failure(failure: Failure, plan: Plan, palette: Palette) -> Iterator[str]:
    who = safe(failure.instance or failure.host or "the whole plan")
    of = f" of revision {short_revision(failure.revision)}" if failure.revision else ""
    where = f" on {failure.host}" if failure.host else ""
    what = failure.message
    if failure.replica:
        told = what.startswith(f"{failure.replica} ")  # it begins with the replica's name
        what = what.removeprefix(failure.replica) if told else f": {what}"
        what = f"{failure.replica}{of}{where}{what}"
    elif failure.instance and where:
        what = f"{where.strip()}: {what}"
    yield f"{palette.paint('error', who)}  {safe(what)}"
    yield f"  step: {safe(failure.step)}"
    if failure.log:
        yield "  last lines of its log:"
        yield from (f"    {safe(line)}" for line in failure.log[-_LOG_LINES:])
    elif failure.fault == "revision" and failure.replica:
        yield "  its log is empty"
    yield from _write_cause(failure, plan)
    if failure.hint:
        yield f"{palette.paint('hint', 'hint:')} {safe(failure.hint)}"


def _write_cause(failure: Failure, plan: Plan) -> Iterator[str]:
    """Name the fields that made this change, with their origins."""
    change = next((one for one in plan.changes if one.instance == failure.instance), None)
    if change is None or failure.fault != "revision":
        return
    if change.kind == "create" and change.path:
        yield f"  its cause: it is new, {safe(change.path)}"
        return
    rows = [
        ("its cause:" if at == 0 else "", safe(field.path), safe(str(field.origin or "")))
        for at, field in enumerate(change.fields[:_CAUSES])
    ]
    yield from lay_out(rows)
    if len(change.fields) > _CAUSES:
        yield f"  ... and {count(len(change.fields) - _CAUSES, 'more field')}"


def _write_back(plan: Plan, events: Sequence[Event], palette: Palette) -> Iterator[str]:
    yield from _write_gone_back(plan, events, palette)
    yield "to see it:  " + f"agentgit status -e {_name(plan)}"
    yield f"to try again:  fix it, commit, then agentgit apply -e {_name(plan)}"


def _write_gone_back(plan: Plan, events: Sequence[Event], palette: Palette) -> Iterator[str]:
    mark = palette.paint("attention", "rolled back:")
    for event in events:
        if not isinstance(event, GoingBack):
            continue
        names = join_names(event.instances)
        one = len(event.instances) == 1
        if not event.to:
            gone = "was new and is gone" if one else "were new and are gone"
            yield f"{mark} {names} {gone}"
            continue
        commits = ", ".join(short(commit) for commit in event.to)
        stopped = join_names(_interrupted_instances(plan, events, event.instances))
        never = f"{'its' if one else 'their'} old replicas were never stopped"
        told = f"replicas were replaced twice: {stopped}" if stopped else never
        yield f"{mark} {names} {'runs' if one else 'run'} {commits} again; {told}"


def _interrupted_instances(
    plan: Plan, events: Sequence[Event], instances: Sequence[str]
) -> list[str]:
    """Name the instances of which an old replica was stopped before the rollout went back."""
    new = {
        step.replica.name
        for wave in plan.waves
        for move in wave.moves
        for step in move.prepare
        if isinstance(step, CreateReplica)
    }
    stopped: set[str] = set()
    for event in events:
        if isinstance(event, GoingBack):
            break
        if (
            isinstance(event, StepDone)
            and event.step == "stop-replica"
            and event.target not in new
        ):
            stopped.add(event.instance)
    return [name for name in instances if name in stopped]


def _write_stands(plan: Plan, events: Sequence[Event], palette: Palette) -> Iterator[str]:
    yield from _write_gone_back(plan, events, palette)
    failed = palette.paint("error", "failed:")
    yield f"{failed} {_name(plan)} is not completely at {_commit(plan)}"
    yield f"to see what runs:  agentgit status -e {_name(plan)}"
    yield f"to go on when the reason is gone:  agentgit apply -e {_name(plan)}"


def _write_interrupted(plan: Plan, events: Sequence[Event], palette: Palette) -> Iterator[str]:
    mark = palette.paint("attention", "interrupted:")
    done = sum(isinstance(event, WaveDone) for event in events)
    names = [change.instance for change in plan.changes]
    stopped = _interrupted_instances(plan, events, names)
    if done or stopped:
        waves = f"{done} of {count(len(plan.waves), 'wave')} done"
        begun = f", and {join_names(stopped)} begun" if stopped else ""
        yield f"{mark} {_name(plan)} is between two states: {waves}{begun}"
    else:
        yield f"{mark} what ran in {_name(plan)} still runs; what was new is gone again"
    yield f"to see what runs:  agentgit status -e {_name(plan)}"
    yield f"to go on:  agentgit apply -e {_name(plan)}"


def _name(plan: Plan) -> str:
    return safe(plan.environment)


def _commit(plan: Plan) -> str:
    return plan.commit.short if plan.commit else "the work tree"

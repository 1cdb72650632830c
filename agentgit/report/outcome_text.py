"""How a rollout ended: the failures, what runs now and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.model.events import (
    Event,
    GoingBack,
    LeftBehind,
    RolloutFinished,
    StepDone,
    Superseded,
    WaveDone,
    WaveStarted,
)
from agentgit.model.plan import Plan
from agentgit.model.steps import CreateReplica
from agentgit.report.aftermath import runs_as_before, write_aftermath
from agentgit.report.context import NOTHING_KNOWN, Context
from agentgit.report.failure_text import write_failures
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.quarantine_text import write_quarantine
from agentgit.report.standing import find_standing
from agentgit.report.wording import count, join_names, short, write_actor, write_elapsed


def write_outcome(
    plan: Plan,
    events: Sequence[Event],
    palette: Palette = PLAIN,
    context: Context = NOTHING_KNOWN,
) -> str:
    """Write how it ended. Without a finish among the events it was interrupted."""
    finish = next((one for one in reversed(events) if isinstance(one, RolloutFinished)), None)
    lines = list(write_failures(plan, events, context, palette))
    outcome = finish.outcome if finish else "interrupted"
    if finish is not None and outcome == "succeeded":
        lines += _write_left(events)
        lines.append(_write_success(plan, finish, context, palette))
    elif outcome == "rolled-back":
        lines += _write_back(plan, events, context, palette)
    elif finish is not None and outcome == "partial":
        lines += _write_part(plan, finish, events, context, palette)
    elif outcome == "superseded":
        lines += _write_superseded(plan, events, context, palette)
    elif outcome == "interrupted":
        lines += _write_interrupted(plan, events, context, palette)
    else:
        lines += _write_failed(plan, events, context, palette)
    return "\n".join(lines)


def _write_success(plan: Plan, finish: RolloutFinished, context: Context, palette: Palette) -> str:
    kinds = [change.kind for change in plan.changes]
    changed = len(kinds) - sum(kinds.count(kind) for kind in ("create", "remove", "keep"))
    numbers = f"{kinds.count('create')} added, {changed} changed, {kinds.count('remove')} removed"
    end = f"in {write_elapsed(finish.seconds)} (rollout {finish.rollout})"
    done = palette.paint("good", "done:")
    names = join_names(context.only)
    if context.kind == "destroy":
        return f"{done} nothing of this project runs in {_name(plan)} any more, {end}"
    if context.kind == "restart":
        return f"{done} {names} of {_name(plan)} {_have(context.only)} restarted {end}"
    if context.only:
        runs = "runs" if len(context.only) == 1 else "run"
        rest = f"the rest of {_name(plan)} is as it was"
        return f"{done} {names} {runs} {_commit(plan)}, {rest}; {numbers} {end}"
    return f"{done} {_name(plan)} runs {_commit(plan)}; {numbers} {end}"


def _write_left(events: Sequence[Event]) -> Iterator[str]:
    """Say what could not be removed although nobody needs it."""
    for event in events:
        if isinstance(event, LeftBehind):
            what = f"{safe(event.target)} on {safe(event.host)}"
            yield f"not removed: {what}: {safe(event.message)}; the next rollout tries it again"


def _write_back(
    plan: Plan, events: Sequence[Event], context: Context, palette: Palette
) -> Iterator[str]:
    yield from _write_gone_back(plan, events, palette)
    yield from write_quarantine(context.quarantined)
    yield f"to see it:  agentgit status -e {_name(plan)}"
    yield f"to try again:  fix it, commit, then {_again(plan, context, fixed=True)}"


def _write_part(
    plan: Plan,
    finish: RolloutFinished,
    events: Sequence[Event],
    context: Context,
    palette: Palette,
) -> Iterator[str]:
    """Tell what went back on its own, while the rest came to its end."""
    yield from _write_gone_back(plan, events, palette)
    rest = f"{join_names(context.only)} of {_name(plan)}" if context.only else _name(plan)
    end = f"in {write_elapsed(finish.seconds)} (rollout {finish.rollout})"
    yield f"{palette.paint('good', 'done:')} the rest of {rest} runs {_commit(plan)}, {end}"
    yield from write_quarantine(context.quarantined)
    yield f"to see it:  agentgit status -e {_name(plan)}"
    yield f"to try again:  fix it, commit, then {_again(plan, context, fixed=True)}"


def _write_gone_back(plan: Plan, events: Sequence[Event], palette: Palette) -> Iterator[str]:
    mark = palette.paint("attention", "rolled back:")
    for event in _returns(events):
        names = join_names(event.instances)
        one = len(event.instances) == 1
        if not event.to:
            gone = "was new and is gone" if one else "were new and are gone"
            yield f"{mark} {names} {gone}"
            continue
        commits = ", ".join(short(commit) for commit in event.to)
        stopped = join_names(_find_stopped(plan, events, event.instances))
        never = f"{'its' if one else 'their'} old replicas were never stopped"
        told = f"replicas were replaced twice: {stopped}" if stopped else never
        yield f"{mark} {names} {'runs' if one else 'run'} {commits} again; {told}"


def _find_stopped(plan: Plan, events: Sequence[Event], instances: Sequence[str]) -> list[str]:
    """Name the instances of which an old replica was stopped before the rollout went back."""
    new = {
        step.replica.name
        for move in plan.moves
        for step in move.steps
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


def _write_failed(
    plan: Plan, events: Sequence[Event], context: Context, palette: Palette
) -> Iterator[str]:
    """Say one true thing: what runs now that is not as it should be, and what to type."""
    mark = palette.paint("error", "failed:")
    back = list(_returns(events))
    if not any(isinstance(event, WaveStarted) for event in events) and not back:
        yield f"{mark} nothing was changed; {_say_unchanged(plan, context)}"
    elif runs_as_before(context):
        yield f"{mark} {_say_unchanged(plan, context)}"
    elif back:
        to = ", ".join(short(commit) for one in back for commit in one.to)
        where = f"going back to {to}" if to else "removing what was new"
        yield f"{mark} {where} did not succeed either; {_name(plan)} is between two states"
        yield from write_aftermath(plan, context, back=True)
    else:
        yield f"{mark} {_say_unfinished(plan, context)}"
        yield from write_aftermath(plan, context, back=False)
    yield f"to see what runs:  agentgit status -e {_name(plan)}"
    yield from _write_next(plan, back, context)


def _write_next(plan: Plan, back: Sequence[GoingBack], context: Context) -> Iterator[str]:
    goal = {commit for one in back for commit in one.to}
    if not back:
        yield f"to go on when the reason is gone:  {_again(plan, context)}"
    elif len(goal) == 1 and not context.only:
        way = f"agentgit rollback -e {_name(plan)} --to {short(min(goal))}"
        yield f"to get back to {short(min(goal))}:  {way}"
    else:
        yield f"to try again:  fix it, commit, then {_again(plan, context, fixed=True)}"


def _write_interrupted(
    plan: Plan, events: Sequence[Event], context: Context, palette: Palette
) -> Iterator[str]:
    mark = palette.paint("attention", "interrupted:")
    yield from _write_half_way(plan, events, context, mark)
    yield f"to see what runs:  agentgit status -e {_name(plan)}"
    yield f"to go on:  {_again(plan, context)}"


def _write_superseded(
    plan: Plan, events: Sequence[Event], context: Context, palette: Palette
) -> Iterator[str]:
    """Tell who goes on from here, and from where."""
    found = next((event for event in events if isinstance(event, Superseded)), None)
    who = write_actor(found.actor) if found and found.actor else "somebody else"
    commit = short(found.commit) if found else ""
    what = f"applies {commit}" if commit else "is at work there"
    if found and not found.newer:
        what = f"has taken the lease during the pause{f', for {commit}' if commit else ''}"
    mark = palette.paint("attention", "superseded:")
    yield f"{mark} {who} {what}, and this rollout has made way"
    yield from _write_half_way(plan, events, context, palette.paint("attention", "until then:"))
    yield f"to see what comes of it:  agentgit history -e {_name(plan)}"


def _write_half_way(
    plan: Plan, events: Sequence[Event], context: Context, mark: str
) -> Iterator[str]:
    """Say what stands after a rollout that stopped at a safe point."""
    done = sum(isinstance(event, WaveDone) for event in events)
    names = [change.instance for change in plan.changes]
    stopped = _find_stopped(plan, events, names)
    if done or stopped or any(_returns(events)):
        waves = f"{done} of {count(len(plan.waves), 'wave')} done"
        begun = f", and {join_names(stopped)} begun" if stopped else ""
        yield f"{mark} {_name(plan)} is between two states: {waves}{begun}"
        yield from write_aftermath(plan, context, back=False)
    elif not any(isinstance(event, WaveStarted | RolloutFinished) for event in events):
        yield f"{mark} nothing was changed; {_say_unchanged(plan, context)}"
    else:
        yield f"{mark} what ran in {_name(plan)} still runs; what was new is gone again"


def _say_unchanged(plan: Plan, context: Context) -> str:
    """Say what still runs: a commit where the records know it for sure."""
    standing = find_standing(context.records)
    if context.before is not None and not context.before.replicas:
        return f"nothing runs in {_name(plan)}"
    if standing is not None and standing.commit and not standing.disturbed:
        return f"{_name(plan)} still runs {short(standing.commit)}"
    return f"what ran in {_name(plan)} still runs"


def _say_unfinished(plan: Plan, context: Context) -> str:
    if context.kind == "destroy":
        return f"not everything of {_name(plan)} is gone"
    if context.kind == "restart":
        return f"not all replicas of {join_names(context.only)} were replaced"
    if context.only:
        verb = "is" if len(context.only) == 1 else "are"
        return f"{join_names(context.only)} {verb} not completely at {_commit(plan)}"
    return f"{_name(plan)} is not completely at {_commit(plan)}"


def _returns(events: Sequence[Event]) -> Iterator[GoingBack]:
    return (event for event in events if isinstance(event, GoingBack))


def _again(plan: Plan, context: Context, *, fixed: bool = False) -> str:
    """Give the command to type again; what was fixed is in a new commit, so no other is named."""
    if context.command and not fixed:
        return context.command
    return f"agentgit apply -e {_name(plan)}"


def _have(names: Sequence[str]) -> str:
    return "has been" if len(names) == 1 else "have been"


def _name(plan: Plan) -> str:
    return safe(plan.environment)


def _commit(plan: Plan) -> str:
    return plan.commit.short if plan.commit else "the work tree"

"""Plans, asks, carries out and says how it ended: what every command that changes things does."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import click

from agentgit.cli.door import warn
from agentgit.cli.screen import open_screen
from agentgit.cli.settings import Settings, answer, answer_wrapped, talk
from agentgit.cli.signals import catch_interrupts
from agentgit.cli.surroundings import know, know_after
from agentgit.errors import EngineError, Exit, GuardError, MovedOnError, UsageError

if TYPE_CHECKING:
    from agentgit.model.events import Event
    from agentgit.model.plan import Plan
    from agentgit.pipeline import Request, Session, World
    from agentgit.report.context import Context

_EXITS = {
    "succeeded": Exit.DONE,
    "failed": Exit.FAILED,
    "rolled-back": Exit.ROLLED_BACK,
    "partial": Exit.ROLLED_BACK,
    "interrupted": Exit.INTERRUPTED,
    "superseded": Exit.INTERRUPTED,
}
_TRIES = 10  # plans that are made because others were faster


@dataclass
class _Manner:
    """How somebody wants it, and the plan that was agreed to, once there is one."""

    yes: bool
    as_json: bool
    verbose: bool
    agreed: list[Plan] = field(default_factory=list)


def carry_out(
    settings: Settings,
    world: World,
    request: Request,
    *,
    yes: bool,
    as_json: bool,
    verbose: bool = False,
) -> int:
    """Do what a request asks for; the exit code says how it ended.

    Where somebody else's rollout was waited for, this is planned again, and asked again if it is
    another plan now.
    """
    manner = _Manner(yes=yes, as_json=as_json, verbose=verbose)
    until = world.clock.monotonic() + request.lock_timeout
    for _ in range(_TRIES - 1):
        try:
            return _plan_and_do(settings, world, request, manner)
        except MovedOnError as error:
            talk(f"{error.message}: planning again")
        except GuardError as error:
            if not _wait_for_others(world, request, error):
                raise
        left = max(0.0, until - world.clock.monotonic())
        request = replace(request, lock_timeout=left)
    return _plan_and_do(settings, world, request, manner)


def _wait_for_others(world: World, request: Request, error: GuardError) -> bool:
    """Where a plan is refused while somebody is at work, wait for that one; False: nobody is.

    Raises LeaseError when that takes longer than there is patience.
    """
    from agentgit.workflow.lock import await_unlocked

    if not request.lock_timeout:
        return False
    talk(f"{error.message}; if somebody is at work it cannot be planned meanwhile: waiting")
    if not await_unlocked(world, request.environment, request.lock_timeout):
        return False
    talk("planning again")
    return True


def _plan_and_do(settings: Settings, world: World, request: Request, manner: _Manner) -> int:
    from agentgit.pipeline import is_news, prepare_plan
    from agentgit.plan.refusal import check_refused

    with prepare_plan(world, request) as session:
        warn(settings, session.warnings)
        plan = plan_of(session)
        context = know(session)
        known = any(_is_same(plan, one) for one in manner.agreed)
        if not (manner.as_json or known):
            _show_plan(settings, session, plan, context)
        check_refused(plan)
        told, events = len(session.warnings), []
        if not plan.is_empty or is_news(session):
            asks = plan.is_pending or session.target.new_pin is not None
            if asks and not (manner.yes or known):
                confirm(request.environment, request.kind)
            manner.agreed.append(plan)
            events = _execute(settings, session, plan, verbose=manner.verbose)
        warn(settings, session.warnings[told:])
        return _finish(settings, session, plan, events, context, as_json=manner.as_json)


def _is_same(plan: Plan, other: Plan) -> bool:
    """Whether two plans do the same, whatever was seen when they were made."""
    seen = {"observed_digest": "", "resumes": ""}
    return plan.model_copy(update=seen) == other.model_copy(update=seen)


def plan_of(session: Session) -> Plan:
    """Give the plan. Raises EngineError where a host that does not answer made it impossible."""
    if session.plan is None:
        silent = session.observed.unreachable
        raise EngineError(
            f"{', '.join(one.host for one in silent)} does not answer, so nothing can be planned",
            hint="agentgit doctor shows which engines answer",
        )
    return session.plan


def confirm(environment: str, kind: str) -> None:
    """Ask on a terminal; where there is none, refuse. A destroy wants the name typed."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint="--yes goes on without asking")
    if kind == "destroy":
        typed = click.prompt(f"Type {environment} to remove all of it", err=True, default="",
                             show_default=False)  # fmt: skip
        agreed = typed == environment
    else:
        agreed = click.confirm("Go on?", err=True)
    if not agreed:
        talk("declined, nothing was changed")
        raise click.exceptions.Exit(Exit.INTERRUPTED)


def _show_plan(settings: Settings, session: Session, plan: Plan, context: Context) -> None:
    from agentgit.report.extent import Extent
    from agentgit.report.plan_text import write_plan

    palette, extent = settings.palette(sys.stdout), Extent(hint="agentgit plan --full shows all")
    now = session.world.clock.now()
    text = write_plan(plan, now=now, context=context, palette=palette, extent=extent)
    answer_wrapped(settings, text if plan.is_empty else f"{text}\n")


def _execute(settings: Settings, session: Session, plan: Plan, *, verbose: bool) -> list[Event]:
    """Run the plan to its end, or to a safe point when interrupted."""
    from agentgit.pipeline import apply_plan

    clock = session.world.clock
    start = clock.monotonic()
    events: list[Event] = []
    drawn = settings.is_live and not verbose
    with (
        catch_interrupts(session.stop, quiet=drawn),
        open_screen(
            settings, plan, lambda: clock.monotonic() - start, session.stop, verbose=verbose
        ) as screen,
        closing(cast("Generator[Event]", apply_plan(session))) as stream,
    ):
        try:
            for event in stream:
                events.append(event)
                screen.show(event)
        except KeyboardInterrupt:
            talk(
                f"stopped at once, perhaps between two steps:  agentgit status -e "
                f"{plan.environment}  shows what runs; the same command goes on"
            )
            raise
    return events


def _finish(
    settings: Settings,
    session: Session,
    plan: Plan,
    events: list[Event],
    context: Context,
    *,
    as_json: bool,
) -> int:
    from agentgit.model.events import RolloutFinished
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_rollout import rollout_document
    from agentgit.report.outcome_text import write_outcome

    cut_off = session.stop.is_set() and not events  # before anything was begun
    if as_json:
        answer(dump(rollout_document(plan, events, session.warnings, cut_off=cut_off)))
    if not events and not cut_off:
        return Exit.DONE
    last = events[-1] if events else None
    outcome = last.outcome if isinstance(last, RolloutFinished) else "interrupted"
    if not as_json:
        if outcome != "succeeded":
            context = know_after(context, session, plan, events)
        answer(write_outcome(plan, events, settings.palette(sys.stdout), context))
    return _EXITS.get(outcome, Exit.FAILED)

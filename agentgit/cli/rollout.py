"""Plans, asks, carries out and says how it ended: what every command that changes things does."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, cast

import click

from agentgit.cli.door import warn
from agentgit.cli.screen import open_screen
from agentgit.cli.settings import Settings, answer, talk
from agentgit.cli.signals import catch_interrupts
from agentgit.cli.surroundings import know, know_after
from agentgit.errors import EngineError, Exit, UsageError

if TYPE_CHECKING:
    from agentgit.model.events import Event
    from agentgit.model.plan import Plan
    from agentgit.pipeline import Request, Session, World
    from agentgit.report.context import Context

_EXITS = {
    "succeeded": Exit.DONE,
    "failed": Exit.FAILED,
    "rolled-back": Exit.ROLLED_BACK,
    "interrupted": Exit.INTERRUPTED,
}


def carry_out(
    settings: Settings,
    world: World,
    request: Request,
    *,
    yes: bool,
    as_json: bool,
    verbose: bool = False,
) -> int:
    """Do what a request asks for; the exit code says how it ended."""
    from agentgit.pipeline import is_news, prepare_plan

    with prepare_plan(world, request) as session:
        warn(settings, session.warnings)
        plan = plan_of(session)
        context = know(session)
        if not as_json:
            _show_plan(settings, session, plan, context)
        told, events = len(session.warnings), []
        if not plan.is_empty or is_news(session):
            if not yes and not (plan.is_empty and session.target.new_pin is None):
                confirm(request.environment, request.kind)
            events = _execute(settings, session, plan, verbose=verbose)
        warn(settings, session.warnings[told:])
        return _finish(settings, session, plan, events, context, as_json=as_json)


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
    from agentgit.report.plan_text import write_plan

    palette = settings.palette(sys.stdout)
    text = write_plan(plan, now=session.world.clock.now(), context=context, palette=palette)
    answer(text if plan.is_empty else f"{text}\n")


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
    from agentgit.report.json_v1 import dump, rollout_document
    from agentgit.report.outcome_text import write_outcome

    if as_json:
        answer(dump(rollout_document(plan, events, session.warnings)))
    if not events:
        return Exit.DONE
    last = events[-1]
    outcome = last.outcome if isinstance(last, RolloutFinished) else "interrupted"
    if not as_json:
        if outcome != "succeeded":
            context = know_after(context, session, plan, events)
        answer(write_outcome(plan, events, settings.palette(sys.stdout), context))
    return _EXITS.get(outcome, Exit.FAILED)

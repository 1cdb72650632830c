"""One environment's plan as an answer: text, Markdown or JSON, and perhaps a file."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from agentgit.cli import options
from agentgit.errors import Exit

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from agentgit.cli.settings import Settings
    from agentgit.cli.several import Answer
    from agentgit.model.plan import Plan
    from agentgit.pipeline import Request, Session, World
    from agentgit.report.blame_words import Blamer
    from agentgit.report.context import Context
    from agentgit.report.palette import Palette


class Look(NamedTuple):
    """How a plan is written; Markdown of several environments shares the room of one comment."""

    markdown: bool = False
    summary: bool = False
    full: bool = False
    share: int = 1


class Manner(NamedTuple):
    """How somebody wants a plan; `out` is the file to save it in."""

    detailed: bool
    blame: bool
    look: Look
    rehearsed: bool = False
    out: Path | None = None


def answer_plan(settings: Settings, world: World, request: Request, how: Manner) -> Answer:
    """Plan one environment, save it, and write it when it is asked for."""
    from agentgit.cli.blaming import blame_plan
    from agentgit.cli.door import warn
    from agentgit.cli.rollout import plan_of
    from agentgit.cli.several import Answer
    from agentgit.cli.surroundings import command_of, know
    from agentgit.pipeline import prepare_plan
    from agentgit.plan.refusal import gather_refused
    from agentgit.report.json_v1_plan import plan_document

    with prepare_plan(world, request, reads=True) as session:
        warn(settings, session.warnings)
        plan, context = plan_of(session), know(session)
        if how.rehearsed and not plan.is_empty:
            from agentgit.workflow.rehearse import rehearse

            found = rehearse(plan, session.desired, session.observed)
            context = replace(context, rehearsal=found)
        blamer = blame_plan(world.source, plan) if how.blame else None
        if how.out is not None:
            _save(settings, session, context, how.out)
    refused = gather_refused(plan.refusals)
    if plan.refusals:  # what is shown is the command that lets all of it pass
        guards = request.allow | {one.guard for one in plan.refusals if one.guard}
        retry = request.retry or any(one.name == "quarantine" for one in plan.refusals)
        request = replace(request, allow=guards, retry=retry)
    now, palette = world.clock.now(), settings.palette(sys.stdout)
    command = f"{command_of(request)}{' --retry --reason TEXT' if request.retry else ''}"
    command = f"commit it, then {command}" if request.worktree else command
    if how.out is not None and not plan.refusals:
        command = options.apply_file(how.out, retry=request.retry)
    if any(one.guard is None and one.name != "quarantine" for one in plan.refusals):
        command = ""  # nothing lets it pass
    more = f"{_command_to_plan(request)} --full"
    return Answer(
        Exit.PENDING if how.detailed and plan.is_pending else Exit.DONE,
        lambda: write_words(
            plan, context, now, palette, command, blamer, look=how.look, more=more
        ),
        lambda: plan_document(plan, context, blamer),
        wrapped=not how.look.markdown,
        refused=refused,
    )


def write_words(  # noqa: PLR0913 - what a text depends on
    plan: Plan,
    context: Context,
    now: datetime,
    palette: Palette,
    command: str,
    blamer: Blamer | None = None,
    *,
    look: Look,
    more: str,
) -> str:
    """Write a plan for people; `command` carries it out, `more` shows all of it."""
    from agentgit.report.effect_markdown import LIMIT
    from agentgit.report.extent import FOLDED, FULL
    from agentgit.report.plan_markdown import write_plan_comment
    from agentgit.report.plan_text import write_plan, write_summary

    if look.markdown:
        limit = LIMIT // look.share - 2  # two line ends part one from the next
        return write_plan_comment(plan, now=now, context=context, limit=limit, more=more)
    if look.summary:
        return write_summary(plan, now=now, context=context, palette=palette, command=command)
    extent = FULL if look.full else FOLDED
    return write_plan(plan, now=now, context=context, palette=palette, command=command,
                      blamer=blamer, extent=extent)  # fmt: skip


def _command_to_plan(request: Request) -> str:
    """Write the command that plans the same again."""
    words = f"agentgit plan{request.command.removeprefix('agentgit apply')}"
    words += " --worktree" if request.worktree else ""
    return words + (" --retry" if request.retry else "")


def _save(settings: Settings, session: Session, context: Context, out: Path) -> None:
    """Save a plan that nothing speaks against; of another one say that there is no file of it."""
    from agentgit.cli.rollout import plan_of
    from agentgit.cli.settings import talk
    from agentgit.record.plan_file import write_plan_file
    from agentgit.report.saved_text import keep_context
    from agentgit.workflow.saved import save_plan

    plan, file = plan_of(session), settings.directory / out
    if plan.refusals:
        older = f"; {out} is left as it was" if file.exists() else ""
        talk(f"nothing is saved in {out}: the plan is refused{older}")
        return
    saved = save_plan(session, plan, keep_context(plan, context))
    write_plan_file(file, saved)
    talk(f"saved in {out}")

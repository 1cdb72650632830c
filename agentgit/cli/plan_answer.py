"""One environment's plan as an answer: text, Markdown or JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agentgit.errors import Exit

if TYPE_CHECKING:
    from agentgit.cli.settings import Settings
    from agentgit.cli.several import Answer
    from agentgit.pipeline import Request, World


def answer_plan(
    settings: Settings,
    world: World,
    request: Request,
    *,
    detailed: bool,
    blame: bool,
    markdown: bool,
) -> Answer:
    """Plan one environment, and write it when it is asked for."""
    from agentgit.cli.blaming import blame_shown, places_of
    from agentgit.cli.door import warn
    from agentgit.cli.rollout import plan_of
    from agentgit.cli.several import Answer
    from agentgit.cli.surroundings import command_of, know
    from agentgit.pipeline import prepare_plan
    from agentgit.report.json_v1_plan import plan_document
    from agentgit.report.plan_markdown import write_plan_comment
    from agentgit.report.plan_text import write_plan

    with prepare_plan(world, request) as session:
        warn(settings, session.warnings)
        plan, context = plan_of(session), know(session)
        blamer = blame_shown(world.source, plan.commit, places_of(plan)) if blame else None
    now, palette = world.clock.now(), settings.palette(sys.stdout)
    command = f"{command_of(request)}{' --retry --reason TEXT' if request.retry else ''}"
    command = f"commit it, then {command}" if request.worktree else command

    def write() -> str:
        if markdown:
            return write_plan_comment(plan, now=now, context=context)
        return write_plan(
            plan, now=now, context=context, palette=palette, command=command, blamer=blamer
        )

    return Answer(
        Exit.PENDING if detailed and not plan.is_empty else Exit.DONE,
        write,
        lambda: plan_document(plan, context, blamer.blames if blamer else None),
    )

"""`agentgit plan`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings
from agentgit.errors import Exit, UsageError

if TYPE_CHECKING:
    from agentgit.cli.several import Answer
    from agentgit.pipeline import Request, World


@options.command(
    "plan",
    "agentgit plan -e production",
    "agentgit plan -e production -e staging",
    "agentgit plan -e production --worktree          # before you commit",
    "agentgit plan -e production --blame             # who wrote the lines that change things",
    "agentgit plan -e production --revision feature  # what a branch would change",
    "agentgit plan -e production --format markdown   # as a comment on a pull request",
)
@options.environments
@options.revision
@click.option("--worktree", is_flag=True, help="Take the files as they lie there, uncommitted.")
@options.only
@options.retry
@options.allow_diverged
@options.blame
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text",
              show_default=True, help="How to write it.")  # fmt: skip
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    environments: tuple[str, ...],
    revision: str | None,
    only: tuple[str, ...],
    *,
    worktree: bool,
    retry: bool,
    allow_diverged: bool,
    blame: bool,
    detailed_exitcode: bool,
    form: str,
    as_json: bool,
) -> int:
    """Show what would change, and why. Only reads from engines."""
    from agentgit.cli.door import choose_environments, open_world, read_snapshot, warn_uncommitted
    from agentgit.cli.several import answer_each
    from agentgit.pipeline import Request

    if worktree and revision:
        raise UsageError("--worktree and --revision exclude each other", hint="leave one out")
    if as_json and form != "text":
        raise UsageError("--json and --format exclude each other", hint="leave one out")
    world = open_world(settings)
    snapshot = read_snapshot(world.source, None if worktree else revision or "HEAD")
    names = choose_environments(snapshot, environments)
    if not (worktree or revision):
        warn_uncommitted(settings, world.source)

    wanted = Request("", revision=revision, worktree=worktree, only=only)
    wanted = replace(wanted, retry=retry, allow_diverged=allow_diverged)

    def ask(name: str) -> Answer:
        request, markdown = replace(wanted, environment=name), form == "markdown"
        return _plan(
            settings, world, request, detailed=detailed_exitcode, blame=blame, markdown=markdown
        )

    return answer_each(settings, names, ask, as_json=as_json)


def _plan(
    settings: Settings,
    world: World,
    request: Request,
    *,
    detailed: bool,
    blame: bool,
    markdown: bool,
) -> Answer:
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

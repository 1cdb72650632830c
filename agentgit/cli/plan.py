"""`agentgit plan`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings
from agentgit.errors import Exit, UsageError

if TYPE_CHECKING:
    from agentgit.pipeline import Request


@options.command(
    "plan",
    "agentgit plan -e production",
    "agentgit plan -e production --worktree          # before you commit",
    "agentgit plan -e production --revision feature  # what a branch would change",
)
@options.environment
@options.revision
@click.option("--worktree", is_flag=True, help="Take the files as they lie there, uncommitted.")
@options.only
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    environment: str | None,
    revision: str | None,
    only: tuple[str, ...],
    *,
    worktree: bool,
    detailed_exitcode: bool,
    as_json: bool,
) -> int:
    """Show what would change, and why. Only reads from engines."""
    from agentgit.cli.door import choose_environment, open_world, warn, warn_uncommitted
    from agentgit.cli.rollout import plan_of
    from agentgit.pipeline import Request, prepare_plan
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_plan import plan_document
    from agentgit.report.plan_text import write_plan

    if worktree and revision:
        raise UsageError("--worktree and --revision exclude each other", hint="leave one out")
    world = open_world(settings)
    source = world.source
    snapshot = source.worktree() if worktree else source.snapshot(revision or "HEAD")
    name = choose_environment(snapshot, environment)
    if not (worktree or revision):
        warn_uncommitted(settings, source)
    request = Request(name, revision=revision, worktree=worktree, only=only)
    with prepare_plan(world, request) as session:
        warn(settings, session.warnings)
        plan = plan_of(session)
        palette = settings.palette(sys.stdout)
        answer(
            dump(plan_document(plan)) if as_json
            else write_plan(
                plan, now=world.clock.now(), records=session.records, palette=palette,
                command=_next_command(request),
            )
        )  # fmt: skip
        pending = detailed_exitcode and not plan.is_empty
        return Exit.PENDING if pending else Exit.DONE


def _next_command(request: Request) -> str:
    """Say what carries this very plan out."""
    words = [f"agentgit apply -e {request.environment}"]
    words += [f"--revision {request.revision}"] if request.revision else []
    words += [f"--only {name}" for name in request.only]
    text = " ".join(words)
    return f"commit it, then {text}" if request.worktree else text

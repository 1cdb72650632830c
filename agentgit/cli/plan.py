"""`agentgit plan`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings
from agentgit.errors import UsageError

if TYPE_CHECKING:
    from agentgit.cli.several import Answer
    from agentgit.model.guards import Guard


@options.command(
    "plan",
    "agentgit plan -e production",
    "agentgit plan -e production --worktree          # before you commit",
    "agentgit plan -e production --blame             # who wrote the lines that change things",
    "agentgit plan -e production --revision feature  # what a branch would change",
    "agentgit plan -e production -e staging --summary   # --full: all of it",
    "agentgit plan -e production --rehearse          # how long, how many at once",
    "agentgit plan -e production --format markdown   # as a comment on a pull request",
    "agentgit plan -e production --out change.plan   # for: agentgit apply change.plan",
)
@options.environments
@options.revision
@click.option("--worktree", is_flag=True, help="Take the files as they lie there, uncommitted.")
@options.only
@options.retry
@options.allow
@options.blame
@click.option(
    "--rehearse",
    is_flag=True,
    help="Estimate how it would go: time, replicas and memory at once, fewest serving.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
@options.form
@options.summary
@options.full
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path),
              help="Save it, to be shown and applied exactly as it is.")  # fmt: skip
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
    allow: frozenset[Guard],
    blame: bool,
    rehearse: bool,
    detailed_exitcode: bool,
    form: str,
    summary: bool,
    full: bool,
    out: Path | None,
    as_json: bool,
) -> int:
    """Show what would change, and why. Only reads from engines."""
    from agentgit.cli.door import choose_environments, open_world, read_snapshot, warn_uncommitted
    from agentgit.cli.gone import refuse_gone
    from agentgit.cli.plan_answer import Look, Manner, answer_plan
    from agentgit.cli.several import answer_each
    from agentgit.pipeline import Request

    if worktree and revision:
        raise UsageError("--worktree and --revision exclude each other", hint="leave one out")
    options.check_form(form, as_json=as_json, summary=summary, full=full)
    if out and worktree:
        said = "a plan of the work tree cannot be saved: nobody could apply it"
        raise UsageError(said, hint="commit, and plan without --worktree; or leave out --out")
    world = open_world(settings)
    snapshot = read_snapshot(world.source, None if worktree else revision or "HEAD")
    refuse_gone(world, snapshot, environments)
    names = choose_environments(snapshot, environments)
    if out and len(names) > 1:
        raise UsageError("a file holds the plan of one environment", hint="name one with -e")
    if not (worktree or revision):
        warn_uncommitted(settings, world.source)

    wanted = Request("", revision=revision, worktree=worktree, only=only)
    wanted = replace(wanted, retry=retry, allow=allow)
    look = Look(markdown=form == "markdown", summary=summary, full=full, share=len(names))

    def ask(name: str) -> Answer:
        how = Manner(detailed_exitcode, blame, look, rehearse, out)
        return answer_plan(settings, world, replace(wanted, environment=name), how)

    return answer_each(settings, names, ask, as_json=as_json)

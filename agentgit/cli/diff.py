"""`agentgit diff`."""

from __future__ import annotations

import sys

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, answer_wrapped, pass_settings
from agentgit.errors import Exit, UsageError


@options.command(
    "diff",
    "agentgit diff main feature",
    "agentgit diff HEAD~1 -e production",
    "agentgit diff --worktree                           # what is not committed yet",
    "agentgit diff origin/main --format markdown        # as a comment on a pull request",
)
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("-e", "--environment", "environments", metavar="NAME", multiple=True,
              help="Only this environment; may be repeated.")  # fmt: skip
@click.option("--worktree", is_flag=True,
              help="Compare with the files as they lie there, uncommitted.")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit 2 when something changes.")
@options.form
@options.full
@options.as_json
@options.no_cache
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    base: str | None,
    head: str | None,
    environments: tuple[str, ...],
    form: str,
    *,
    worktree: bool,
    exit_code: bool,
    full: bool,
    as_json: bool,
    no_cache: bool,
) -> int:
    """Show what changes between two commits, in every environment, and whom it reaches.

    HEAD is taken where no second commit is named. Needs no engine, no network and no secret, and
    runs nothing of the repository. Exits with 65 where the second side is wrong.
    """
    from agentgit.cli.comparing import compare, split_range
    from agentgit.execute.clock import SystemClock
    from agentgit.report.diff_markdown import write_comment
    from agentgit.report.diff_text import write_comparison
    from agentgit.report.diff_words import is_broken
    from agentgit.report.extent import FOLDED, FULL
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_diff import diff_document
    from agentgit.workflow.diff import DiffRequest

    if base is None and not worktree:
        raise UsageError("compare with what?", hint="agentgit diff main, or agentgit diff HEAD~1")
    if base is not None and ".." in base:
        base, head = split_range(base, head)
    if head is not None and worktree:
        raise UsageError("--worktree is the second side", hint="name one commit, or none")
    options.check_form(form, as_json=as_json, full=full)
    request = DiffRequest(base or "HEAD", None if worktree else head or "HEAD", environments)
    comparison = compare(settings, request, no_cache=no_cache)
    if as_json:
        answer(dump(diff_document(comparison)))
    elif form == "markdown":
        answer(write_comment(comparison))
    else:
        now, palette = SystemClock().now(), settings.palette(sys.stdout)
        extent = FULL if full else FOLDED
        text = write_comparison(comparison, now=now, palette=palette, extent=extent)
        answer_wrapped(settings, text)
    if is_broken(comparison):
        return Exit.CONFIG
    return Exit.PENDING if exit_code and not comparison.is_empty else Exit.DONE

"""`agentgit diff`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings
from agentgit.errors import Exit, UsageError

if TYPE_CHECKING:
    from agentgit.model.effect import Comparison
    from agentgit.workflow.diff import DiffRequest


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
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text",
              show_default=True, help="How to write it.")  # fmt: skip
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
    as_json: bool,
    no_cache: bool,
) -> int:
    """Show what changes between two commits, in every environment, and whom it reaches.

    HEAD is taken where no second commit is named. Needs no engine, no network and no secret, and
    runs nothing of the repository. Exits with 65 where the second side is wrong.
    """
    from agentgit.execute.clock import SystemClock
    from agentgit.report.diff_markdown import write_comment
    from agentgit.report.diff_text import write_comparison
    from agentgit.report.diff_words import is_broken
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_diff import diff_document
    from agentgit.workflow.diff import DiffRequest

    if base is None and not worktree:
        raise UsageError("compare with what?", hint="agentgit diff main, or agentgit diff HEAD~1")
    if base is not None and ".." in base:
        base, head = _split_range(base, head)
    if head is not None and worktree:
        raise UsageError("--worktree is the second side", hint="name one commit, or none")
    if as_json and form != "text":
        raise UsageError("--json and --format exclude each other", hint="leave one out")
    request = DiffRequest(base or "HEAD", None if worktree else head or "HEAD", environments)
    comparison = _compare(settings, request, no_cache=no_cache)
    if as_json:
        answer(dump(diff_document(comparison)))
    elif form == "markdown":
        answer(write_comment(comparison))
    else:
        palette = settings.palette(sys.stdout)
        answer(write_comparison(comparison, now=SystemClock().now(), palette=palette))
    if is_broken(comparison):
        return Exit.CONFIG
    return Exit.PENDING if exit_code and not comparison.is_empty else Exit.DONE


def _compare(settings: Settings, request: DiffRequest, *, no_cache: bool) -> Comparison:
    """Compare, with what an earlier run remembers of both sides."""
    from agentgit.cli.door import check_revision, open_source
    from agentgit.cli.memory import open_cache
    from agentgit.workflow.diff import compare_commits

    source = open_source(settings)
    for revision in (request.base, request.head):
        check_revision(source, revision)
    cache = open_cache(str(settings.directory), disabled=no_cache)
    return compare_commits(source, request, cache)


def _split_range(text: str, head: str | None) -> tuple[str, str | None]:
    """Take `A..B` as git does; `A...B` has a meaning of its own there. Raises UsageError."""
    first, _, second = text.partition("..")
    if head is not None or second.startswith("."):
        second = second.removeprefix(".") or "HEAD"
        hint = f"where they parted: agentgit diff $(git merge-base {first} {second}) {second}"
        raise UsageError(f"{text} is no commit", hint=hint)
    return first or "HEAD", second or None

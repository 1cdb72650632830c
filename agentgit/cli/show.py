"""`agentgit show`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings, talk
from agentgit.errors import UsageError


@options.command(
    "show",
    "agentgit show change.plan",
    "agentgit show change.plan --json",
    "agentgit show change.plan --format markdown",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text",
              show_default=True, help="How to write it.")  # fmt: skip
@options.as_json
@pass_settings
def command(settings: Settings, file: Path, form: str, *, as_json: bool) -> int:
    """Show a plan that `plan --out` has saved. Asks no engine and needs no repository.

    Whether it still holds is not looked at: `apply` does that.
    """
    from agentgit.cli.plan_answer import write_words
    from agentgit.execute.clock import SystemClock
    from agentgit.record.plan_file import read_plan_file
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_plan import plan_document
    from agentgit.report.saved_text import restore_context, write_saved

    if as_json and form != "text":
        raise UsageError("--json and --format exclude each other", hint="leave one out")
    saved = read_plan_file(settings.directory / file)
    now, context = SystemClock().now(), restore_context(saved)
    if as_json:
        answer(dump(plan_document(saved.plan, context)))
        return 0
    talk(write_saved(saved, now))
    palette, command = (
        settings.palette(sys.stdout),
        options.apply_file(file, retry=saved.asked.retry),
    )
    markdown = form == "markdown"
    answer(write_words(saved.plan, context, now, palette, command, markdown=markdown))
    return 0

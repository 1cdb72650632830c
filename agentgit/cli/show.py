"""`agentgit show`."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, answer_wrapped, pass_settings, talk


@options.command(
    "show",
    "agentgit show change.plan",
    "agentgit show change.plan --summary   # --full: all of it",
    "agentgit show change.plan --json",
    "agentgit show change.plan --format markdown",
)
@click.argument("file", type=click.Path(path_type=Path))
@options.form
@options.summary
@options.full
@options.as_json
@pass_settings
def command(
    settings: Settings, file: Path, form: str, *, summary: bool, full: bool, as_json: bool
) -> int:
    """Show a plan that `plan --out` has saved. Asks no engine and needs no repository.

    Whether it still holds is not looked at: `apply` does that.
    """
    from agentgit.cli.plan_answer import Look, write_words
    from agentgit.execute.clock import SystemClock
    from agentgit.record.plan_file import read_plan_file
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_plan import plan_document
    from agentgit.report.saved_text import restore_context, write_saved

    options.check_form(form, as_json=as_json, summary=summary, full=full)
    saved = read_plan_file(settings.directory / file)
    now, context = SystemClock().now(), restore_context(saved)
    if as_json:
        answer(dump(plan_document(saved.plan, context)))
        return 0
    talk(write_saved(saved, now))
    look = Look(markdown=form == "markdown", summary=summary, full=full)
    text = write_words(
        saved.plan,
        context,
        now,
        settings.palette(sys.stdout),
        options.apply_file(file, retry=saved.asked.retry),
        look=look,
        more=f"agentgit show {quote(str(file))} --full",
    )
    if look.markdown:
        answer(text)
    else:
        answer_wrapped(settings, text)
    return 0

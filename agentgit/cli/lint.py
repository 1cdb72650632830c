"""`agentgit lint`."""

from __future__ import annotations

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command("lint", "agentgit lint", "agentgit lint -e staging --strict")
@click.option(
    "-e", "--environment", metavar="NAME", help="Only what lies in this environment's folder."
)
@options.revision
@options.as_json
@click.option("--strict", is_flag=True, help="Exit 1 where something is found.")
@pass_settings
def command(
    settings: Settings,
    environment: str | None,
    revision: str | None,
    *,
    as_json: bool,
    strict: bool,
) -> int:
    """Find values, files and definitions that do nothing, and what may change by itself.

    Looks at the files as they lie there, unless --revision names a commit. Asks no engine. The
    annotation lint.agentgit.dev/RULE: "reason" silences a rule for a document; in agentgit.yaml
    for the whole project.
    """
    import sys

    from agentgit.cli.door import open_source, read_snapshot
    from agentgit.compile.lint import lint_project
    from agentgit.errors import Exit
    from agentgit.report.json_v1 import dump
    from agentgit.report.lint_text import findings_document, write_findings

    found = lint_project(read_snapshot(open_source(settings), revision), environment)
    if as_json:
        answer(dump(findings_document(found)))
    else:
        answer(write_findings(found, settings.palette(sys.stdout)))
    loud = any(one.reason is None for one in found)
    return Exit.FAILED if strict and loud else Exit.DONE

"""What is shown when a command cannot do its work, and with which exit code it ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from agentgit import __version__
from agentgit.cli.settings import Settings, answer, talk
from agentgit.errors import AgentgitError, Exit, Problem

_ISSUES = "the project's issue tracker"


def report_error(error: AgentgitError, settings: Settings, *, as_json: bool = False) -> int:
    """Show what a user can cause, all of it; `as_json` also as a document on stdout."""
    _show(error.problems, settings, as_json=as_json)
    return error.exit_code


def report_usage(
    error: click.ClickException, settings: Settings, command: str, *, as_json: bool = False
) -> int:
    """Show a wrong call; `agentgit` alone shows the help.

    `command` is the one that was called, which click does not always know; empty for none.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        talk(error.format_message())
        return Exit.USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else f"agentgit {command}".strip()
    hint = f"{path} --help"
    message = error.format_message().rstrip(".")
    problem = Problem(message[:1].lower() + message[1:], hint=hint)
    _show((problem,), settings, as_json=as_json)
    return Exit.USAGE


def report_bug(error: Exception, arguments: Sequence[str], settings: Settings) -> int:
    """Keep the traceback in a file and say where it is."""
    path = _write_report(error, arguments)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    message = f"agentgit met a bug of its own: {what}"
    hint = f"the report is in {path}; please add it to an issue in {_ISSUES}"
    _show((Problem(message, hint=hint),), settings, as_json="--json" in arguments)
    return Exit.BUG


def _show(problems: Sequence[Problem], settings: Settings, *, as_json: bool) -> None:
    from agentgit.report.problems import write_problems

    if as_json:
        from agentgit.report.json_v1 import dump, problems_document

        answer(dump(problems_document(problems, ())))
    talk(write_problems(problems, palette=settings.palette(sys.stderr)))


def _write_report(error: Exception, arguments: Sequence[str]) -> Path:
    import platform
    import tempfile
    import traceback

    lines = [
        f"agentgit {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {list(arguments)!r}",
        "",
        *traceback.format_exception(error),
    ]
    with tempfile.NamedTemporaryFile(
        "w", prefix="agentgit-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("\n".join(lines))
    return Path(file.name)

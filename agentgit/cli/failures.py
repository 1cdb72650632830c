"""What is shown when a command cannot do its work, and with which exit code it ends."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from agentgit import __version__
from agentgit.cli.settings import Settings, talk
from agentgit.errors import AgentgitError, Exit, Problem

_ISSUES = "the project's issue tracker"


def report_error(error: AgentgitError, settings: Settings) -> int:
    """Show what a user can cause, all of it."""
    _show(error.problems, settings)
    return error.exit_code


def report_usage(error: click.ClickException, settings: Settings) -> int:
    """Show a wrong call; `agentgit` alone shows the help."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        talk(error.format_message())
        return Exit.USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{context.command_path} --help" if context else "agentgit --help"
    message = error.format_message().rstrip(".")
    _show((Problem(message[:1].lower() + message[1:], hint=hint),), settings)
    return Exit.USAGE


def report_bug(error: Exception, arguments: Sequence[str], settings: Settings) -> int:
    """Keep the traceback in a file and say where it is."""
    path = _write_report(error, arguments)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    message = f"agentgit met a bug of its own: {what}"
    hint = f"the report is in {path}; please add it to an issue in {_ISSUES}"
    _show((Problem(message, hint=hint),), settings)
    return Exit.BUG


def _show(problems: Sequence[Problem], settings: Settings) -> None:
    from agentgit.report.problems import write_problems

    talk(write_problems(problems, palette=settings.palette(sys.stderr)))


def _write_report(error: Exception, arguments: Sequence[str]) -> Path:
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

"""Options and arguments that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Any

import click

from agentgit.cli.span import Span
from agentgit.errors import UsageError
from agentgit.model.guards import GUARDS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command whose help ends with examples."""
    return click.command(name, epilog=show_examples(*examples))


def show_examples(*examples: str) -> str:
    """Word examples for the end of a help page, each on its own line."""
    return "\n".join(["\b", "Examples:" if len(examples) > 1 else "Example:",
                      *(f"  {example}" for example in examples)])  # fmt: skip


def apply_file(file: Path, *, retry: bool = False) -> str:
    """Write the command that carries a saved plan out."""
    return f"agentgit apply {quote(str(file))}{' --reason TEXT' if retry else ''}"


def check_form(form: str, *, as_json: bool, summary: bool = False, full: bool = False) -> None:
    """Refuse ways to write that exclude each other. Raises UsageError."""
    given = [name for name, on in (
        ("--json", as_json), ("--format markdown", form != "text"),
        ("--summary", summary), ("--full", full),
    ) if on]  # fmt: skip
    if len(given) > 1:
        first, second, *_ = given
        raise UsageError(f"{first} and {second} exclude each other", hint="leave one out")


def _only_one(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> str | None:
    names = tuple(dict.fromkeys(given))
    if len(names) > 1:
        command = context.command.name
        message = f"{command} takes one environment at a time, not {' and '.join(names)}"
        raise click.UsageError(message, context)
    return names[0] if names else None


def _distinct(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given))


environment: Decorator = click.option(
    "-e", "--environment", metavar="NAME", multiple=True, callback=_only_one,
    help="The environment; may be left out where there is only one.",
)  # fmt: skip
environments: Decorator = click.option(
    "-e", "--environment", "environments", metavar="NAME", multiple=True, callback=_distinct,
    help="The environment; may be left out where there is only one, and repeated. Then the exit "
    "code is the most serious one, and --json prints a list.",
)  # fmt: skip
named_environment: Decorator = click.option(
    "-e", "--environment", metavar="NAME", multiple=True, required=True, callback=_only_one,
    help="Always has to be named.",
)  # fmt: skip
as_json: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)
revision: Decorator = click.option(
    "--revision", metavar="REV", help="A commit, branch or tag instead of the usual one."
)
blame: Decorator = click.option(
    "--blame", is_flag=True, help="Show who wrote each line last: commit and author."
)
form: Decorator = click.option(
    "--format", "form", type=click.Choice(["text", "markdown"]), default="text",
    show_default=True, help="How to write it.",
)  # fmt: skip
summary: Decorator = click.option(
    "--summary", is_flag=True, help="One line for each change, the counts and the risk."
)
full: Decorator = click.option("--full", is_flag=True, help="Fold nothing and cut nothing.")
only: Decorator = click.option(
    "--only", metavar="INSTANCE", multiple=True, help="Only this instance; may be repeated."
)
no_cache: Decorator = click.option(
    "--no-cache", is_flag=True,
    help="Neither use nor keep results of earlier runs (also: AGENTGIT_NO_CACHE).",
)  # fmt: skip
pin_for: Decorator = click.option(
    "--for", "pin_for", metavar="DURATION", type=Span(),
    help="How long the pin is to hold, such as 12h or 7d; without it until it is ended.",
)  # fmt: skip
lock_timeout: Decorator = click.option(
    "--lock-timeout", metavar="DURATION", type=Span(none=True), default=0.0,
    help="How long to wait for somebody else who is changing the environment, such as 10m; "
    "without it exit 5 at once.",
)  # fmt: skip
retry: Decorator = click.option(
    "--retry", is_flag=True, help="Also what is in quarantine, as it failed before."
)
allow: Decorator = click.option(
    "--allow", metavar="GUARD", multiple=True, type=click.Choice(GUARDS),
    callback=lambda _, __, given: frozenset(given),
    help=f"Let a guard pass that refuses what is meant; may be repeated: {', '.join(GUARDS)}.",
)  # fmt: skip
yes: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
verbose: Decorator = click.option(
    "-v", "--verbose", is_flag=True, help="Tell every step as it is done."
)
reason: Decorator = click.option(
    "--reason", metavar="TEXT", default="", help="Why; kept in the history."
)
instances: Decorator = click.argument("instances", metavar="[INSTANCE]...", nargs=-1)

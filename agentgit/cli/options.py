"""Options and arguments that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command whose help ends with examples."""
    return click.command(name, epilog=show_examples(*examples))


def show_examples(*examples: str) -> str:
    """Word examples for the end of a help page, each on its own line."""
    return "\n".join(["\b", "Examples:" if len(examples) > 1 else "Example:",
                      *(f"  {example}" for example in examples)])  # fmt: skip


environment: Decorator = click.option(
    "-e", "--environment", metavar="NAME",
    help="The environment; may be left out where there is only one.",
)  # fmt: skip
as_json: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)
revision: Decorator = click.option(
    "--revision", metavar="REV", help="A commit, branch or tag instead of the usual one."
)
only: Decorator = click.option(
    "--only", metavar="INSTANCE", multiple=True, help="Only this instance; may be repeated."
)
yes: Decorator = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
reason: Decorator = click.option(
    "--reason", metavar="TEXT", default="", help="Why; kept in the history."
)
instances: Decorator = click.argument("instances", metavar="[INSTANCE]...", nargs=-1)

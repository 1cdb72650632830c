"""The command line's entrance: a lazy group of commands, and the one place for what goes wrong."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from agentgit import __version__
from agentgit.cli.failures import report_bug, report_error, report_usage
from agentgit.cli.head_start import HeadStart
from agentgit.cli.options import show_examples
from agentgit.cli.settings import Settings
from agentgit.errors import AgentgitError, Exit

COMMANDS = {  # name -> what it does in a line; its module is imported when it is called
    "init": "Write a small valid repository",
    "validate": "Check every file of the repository",
    "lint": "Find what does nothing, and what may change by itself",
    "compile": "Print the resolved desired state",
    "layers": "List the files that make up an instance",
    "explain": "Show where every value of an instance comes from",
    "diff": "Show what changes between two commits",
    "plan": "Show what would change, and why",
    "show": "Show a plan that was saved with plan --out",
    "apply": "Carry out the plan",
    "drift": "Show what differs although no commit asked for it",
    "status": "Show what runs",
    "logs": "Print the log of an instance's replicas",
    "restart": "Replace the replicas of instances by equal ones",
    "history": "Show who applied what, when, with which outcome",
    "why": "Show which rollout made a container, and what it goes back to",
    "rollback": "Go back to an earlier commit and hold the environment there",
    "unpin": "Let an environment follow its branch again",
    "lock": "Lock images to their digests; show or break the lease",
    "destroy": "Remove everything that runs in an environment",
    "doctor": "Show which engines answer and what is missing",
    "schema": "Write the JSON schemas of the format, for editors",
}
_LONG = frozenset({"apply", "logs", "restart", "rollback", "destroy"})  # may run for hours


class LazyGroup(click.Group):
    """Commands by name; `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give all names in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"agentgit.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest a command for a name that does not exist."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            suggestion = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {name}{suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=show_examples("agentgit init", "agentgit plan -e staging", "agentgit apply -e staging"),
)
@click.option(
    "-C", "directory", metavar="DIR", type=click.Path(path_type=Path), default=".",
    help="Run as if started in DIR, as git does.",
)  # fmt: skip
@click.option("--no-color", is_flag=True, help="Write no colours (also: NO_COLOR).")
@click.version_option(
    __version__, "--version", prog_name="agentgit", message="%(prog)s %(version)s"
)
@click.pass_context
def entrance(ctx: click.Context, directory: Path, *, no_color: bool) -> None:
    """Make a Git repository the control plane of a fleet of AI agents."""
    if not directory.is_dir():
        raise click.UsageError(f"-C {directory}: there is no such folder", ctx)
    ctx.obj = Settings.read(directory, os.environ, no_color=no_color, early=ctx.obj)


def run(arguments: Sequence[str], early: HeadStart | None = None) -> int:
    """Run a command; every failure becomes a message and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    settings = Settings.read(Path(), os.environ, no_color="--no-color" in arguments)
    as_json = "--json" in arguments
    collecting = gc.isenabled()
    if _LONG.intersection(arguments):
        gc.enable()
    else:
        gc.disable()  # a short run ends before it has made garbage worth looking for
    try:
        code = entrance.main(
            list(arguments), prog_name="agentgit", standalone_mode=False, obj=early
        )
    except AgentgitError as error:
        return report_error(error, settings, as_json=as_json)
    except click.ClickException as error:
        command = next((word for word in arguments if word in COMMANDS), "")
        return report_usage(error, settings, command, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the documented boundary: a bug ends here
        return report_bug(error, arguments, settings)
    finally:
        (gc.enable if collecting else gc.disable)()
    return int(code or Exit.DONE)

"""`agentgit lock`: the lock file of images, and the lease of an environment."""

from __future__ import annotations

import sys

import click

from agentgit.cli import options
from agentgit.cli.lock_images import command as images
from agentgit.cli.settings import Settings, answer, pass_settings, talk

_EXAMPLES = (
    "agentgit lock",
    "agentgit lock show -e production",
    "agentgit lock break -e production --reason 'its runner is gone for good'",
)


class _Lock(click.Group):
    """Without the name of a command it is about images."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the usual command in where none is named."""
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["images", *args]
        return super().parse_args(ctx, args)


@click.group("lock", cls=_Lock, epilog=options.show_examples(*_EXAMPLES))
def command() -> None:
    """Lock images to their digests; show or break the lease.

    These are two things. `agentgit lock`, in full `agentgit lock images`, writes the file
    agentgit.lock: which images the names in the repository mean. `lock show` and `lock break` are
    about the lease that a rollout holds while it changes an environment. One that was abandoned
    needs no breaking: the next rollout takes it over by itself.
    """


@options.command("show", _EXAMPLES[1], "agentgit lock show -e production --json")
@options.environment
@options.as_json
@pass_settings
def show(settings: Settings, environment: str | None, *, as_json: bool) -> int:
    """Show who holds the lease, since when, and whether its heart beats.

    It watches for a moment: only a heartbeat that is seen proves that somebody is at work. Exit 1
    where a host does not answer: then this is not all of it.
    """
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.errors import Exit
    from agentgit.report.json_v1 import dump
    from agentgit.report.lock_text import lock_document, write_lock
    from agentgit.workflow.lock import look_at_lock

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment, world)
    lock = look_at_lock(world, name)
    palette = settings.palette(sys.stdout)
    answer(dump(lock_document(lock)) if as_json else write_lock(lock, palette))
    return Exit.FAILED if lock.silent else Exit.DONE


@options.command("break", _EXAMPLES[2])
@options.named_environment
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the history.")
@options.as_json
@pass_settings
def break_(settings: Settings, environment: str, reason: str, *, as_json: bool) -> int:
    """Take the lease away from who holds it: that rollout stops where it is.

    Lasts some seconds, until its holder has noticed for certain. What it began may be half done;
    the next apply goes on from there.
    """
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.errors import Exit, UsageError
    from agentgit.model.value import format_duration
    from agentgit.report.json_v1 import dump
    from agentgit.report.lock_text import broken_document, write_broken
    from agentgit.workflow.lock import break_lock

    if not reason.strip():
        raise UsageError("breaking a lease needs a reason", hint="--reason TEXT")
    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment, world)
    talk(f"this takes {format_duration(world.times.ttl)}: until then its holder has noticed")
    lock, record = break_lock(world, name, reason)
    answer(dump(broken_document(lock, record)) if as_json else write_broken(lock, record))
    return Exit.DONE


command.add_command(images)
command.add_command(show)
command.add_command(break_)

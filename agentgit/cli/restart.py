"""`agentgit restart`."""

from __future__ import annotations

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings


@options.command("restart", "agentgit restart support-eu -e production")
@click.argument("instances", metavar="INSTANCE...", nargs=-1, required=True)
@options.environment
@options.lock_timeout
@options.reason
@options.yes
@options.verbose
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    instances: tuple[str, ...],
    environment: str | None,
    reason: str,
    *,
    lock_timeout: float,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Replace the replicas of instances by equal ones, by their own strategy."""
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    request = Request(
        name, kind="restart", only=instances, reason=reason, lock_timeout=lock_timeout
    )
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

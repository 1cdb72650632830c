"""`agentgit restart`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.model.guards import Guard


@options.command("restart", "agentgit restart support-eu -e production")
@click.argument("instances", metavar="INSTANCE...", nargs=-1, required=True)
@options.environment
@options.allow
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
    allow: frozenset[Guard],
    lock_timeout: float,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Replace the replicas of instances by equal ones, by their own strategy.

    The guards of the environment hold as they do for an apply: --allow lets one pass.
    """
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.errors import UsageError
    from agentgit.pipeline import Request

    if "lost-hosts" in allow:
        raise UsageError(
            "a restart gives up no host", hint="agentgit apply --allow lost-hosts does, first"
        )
    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    request = Request(
        name,
        kind="restart",
        only=instances,
        reason=reason,
        allow=allow,
        lock_timeout=lock_timeout,
    )
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

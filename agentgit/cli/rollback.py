"""`agentgit rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.model.guards import Guard


@options.command(
    "rollback",
    "agentgit rollback -e production --reason 'refunds went wild'",
    "agentgit rollback -e production --to 88e01b2 --for 7d",
)
@options.environment
@click.option("--to", metavar="COMMIT", help="Default: the previous success that differs.")
@options.pin_for
@options.allow
@options.lock_timeout
@options.reason
@options.yes
@options.verbose
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    environment: str | None,
    to: str | None,
    pin_for: float | None,
    reason: str,
    *,
    allow: frozenset[Guard],
    lock_timeout: float,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Go back to an earlier commit and hold the environment there.

    Plan and apply follow this pin and say so, until `agentgit unpin`, a newer commit or the end of
    --for. The guards of the environment hold as they do for an apply: --allow lets one pass.
    """
    from agentgit.cli.door import check_revision, choose_environment, open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    world = open_world(settings)
    check_revision(world.source, to)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    request = Request(
        name,
        revision=to,
        kind="rollback",
        reason=reason,
        allow=allow,
        pin_for=pin_for,
        lock_timeout=lock_timeout,
    )
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

"""`agentgit destroy`."""

from __future__ import annotations

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings


@options.command("destroy", "agentgit destroy -e staging")
@click.option("-e", "--environment", metavar="NAME", required=True, help="Always has to be named.")
@options.reason
@options.yes
@options.as_json
@pass_settings
def command(settings: Settings, environment: str, reason: str, *, yes: bool, as_json: bool) -> int:
    """Remove everything of this project that runs in an environment. Volumes stay."""
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    request = Request(name, kind="destroy", reason=reason)
    return carry_out(settings, world, request, yes=yes, as_json=as_json)

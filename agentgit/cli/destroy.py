"""`agentgit destroy`."""

from __future__ import annotations

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings


@options.command("destroy", "agentgit destroy -e staging")
@options.named_environment
@options.lock_timeout
@options.reason
@options.yes
@options.verbose
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    environment: str,
    reason: str,
    *,
    lock_timeout: float,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Remove everything of this project that runs in an environment. Volumes stay.

    Its files may be gone already: what runs is found by the records.
    """
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment, world)
    request = Request(name, kind="destroy", reason=reason, lock_timeout=lock_timeout)
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

"""`agentgit destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.model.guards import Guard


@options.command("destroy", "agentgit destroy -e staging")
@options.named_environment
@options.allow
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
    allow: frozenset[Guard],
    lock_timeout: float,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Remove everything of this project that runs in an environment. Volumes stay.

    Its files may be gone already: what runs is found by the records. Only --allow lost-hosts
    means something here: it gives up what runs on hosts that are lost.
    """
    from agentgit.cli.door import choose_environment, open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment, world)
    request = Request(name, kind="destroy", reason=reason, allow=allow, lock_timeout=lock_timeout)
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

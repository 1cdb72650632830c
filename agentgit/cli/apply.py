"""`agentgit apply`."""

from __future__ import annotations

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings


@options.command(
    "apply",
    "agentgit apply -e production",
    "agentgit apply -e production --only support-eu",
    "agentgit apply -e production --revision v1.4    # pins production at v1.4",
    "agentgit apply -e production --yes   # in CI: exit 3 when it was rolled back",
)
@options.environment
@options.revision
@options.only
@options.reason
@options.yes
@options.verbose
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    environment: str | None,
    revision: str | None,
    only: tuple[str, ...],
    reason: str,
    *,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Carry out the plan for a committed state. A failure takes the change set back: exit 3.

    A --revision that is not what the environment follows pins it there, until `agentgit unpin` or
    a newer commit; together with --only it does not.
    """
    from agentgit.cli.door import check_revision, choose_environment, open_world, warn_uncommitted
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    world = open_world(settings)
    check_revision(world.source, revision)
    name = choose_environment(world.source.snapshot(revision or "HEAD"), environment)
    if revision is None:
        warn_uncommitted(settings, world.source)
    request = Request(name, revision=revision, only=only, reason=reason)
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

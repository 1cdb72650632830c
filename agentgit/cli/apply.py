"""`agentgit apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.model.guards import Guard


@options.command(
    "apply",
    "agentgit apply -e production",
    "agentgit apply -e production --only support-eu",
    "agentgit apply -e production --revision v1.4    # pins production at v1.4",
    "agentgit apply -e production --revision v1.4 --for 7d",
    "agentgit apply -e production --retry --reason 'the database is back'",
    "agentgit apply -e production --allow removed    # what a guard refused is meant",
    "agentgit apply -e production --yes   # in CI: exit 3 when it was rolled back",
    "agentgit apply change.plan           # exactly what plan --out has saved",
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@options.environment
@options.revision
@options.only
@options.pin_for
@options.retry
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
    revision: str | None,
    only: tuple[str, ...],
    pin_for: float | None,
    reason: str,
    *,
    file: Path | None,
    lock_timeout: float,
    retry: bool,
    allow: frozenset[Guard],
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Carry out the plan for a committed state. A failure takes the change set back: exit 3.

    A --revision that is not what the environment follows pins it there, until `agentgit unpin`, a
    newer commit or the end of --for; together with --only it does not.

    What failed is in quarantine: it is refused (exit 7) until a commit changes it. With --retry
    and a --reason it is tried again all the same.

    A FILE is a plan that `plan --out` has saved: exactly its steps, or exit 4 where what is asked
    for, or what runs, is not what it was.
    """
    from agentgit.cli.apply_request import make_request, make_saved_request
    from agentgit.cli.door import open_world
    from agentgit.cli.rollout import carry_out
    from agentgit.pipeline import Request

    wanted = Request(
        environment or "",
        revision=revision,
        only=only,
        reason=reason,
        lock_timeout=lock_timeout,
        retry=retry,
        allow=allow,
        pin_for=pin_for,
    )
    world = open_world(settings)
    if file is None:
        request = make_request(settings, world, wanted)
    else:
        request = make_saved_request(settings, world, wanted, file)
    return carry_out(settings, world, request, yes=yes, as_json=as_json, verbose=verbose)

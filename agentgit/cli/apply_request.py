"""What `apply` is asked for: by its options, or by a plan that was saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agentgit.cli.settings import Settings
from agentgit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from agentgit.pipeline import Request, World


def make_request(settings: Settings, world: World, wanted: Request) -> Request:
    """Check what the options ask for, and choose the environment. Raises UsageError."""
    from agentgit.cli.door import check_revision, choose_environment, warn_uncommitted
    from agentgit.cli.gone import refuse_gone

    revision = wanted.revision
    if wanted.retry and not wanted.reason.strip():
        raise UsageError("--retry needs a reason", hint="--reason TEXT says why it works now")
    if wanted.pin_for is not None and (revision is None or wanted.only):
        raise UsageError(
            "--for is how long a pin holds, and nothing is pinned here",
            hint="name a commit with --revision, without --only",
        )
    check_revision(world.source, revision)
    snapshot, named = world.source.snapshot(revision or "HEAD"), wanted.environment
    refuse_gone(world, snapshot, {named} - {""})
    name = choose_environment(snapshot, named or None)
    if revision is None:
        warn_uncommitted(settings, world.source)
    return replace(wanted, environment=name)


def make_saved_request(settings: Settings, world: World, wanted: Request, file: Path) -> Request:
    """Ask for what a file holds; only how to go about it can still be said. Raises UsageError."""
    from agentgit.record.plan_file import read_plan_file
    from agentgit.workflow.saved import ask_again

    given = {
        "-e": wanted.environment,
        "--revision": wanted.revision,
        "--only": wanted.only,
        "--retry": wanted.retry,
        "--allow": wanted.allow,
    }
    named = next((option for option, value in given.items() if value), None)
    if named is not None:
        raise UsageError(
            f"{named} and a saved plan exclude each other: {file} says what is meant",
            hint=f"agentgit show {file}",
        )
    saved = read_plan_file(settings.directory / file)
    if saved.asked.retry and not wanted.reason.strip():
        raise UsageError(
            f"{file} tries again what is in quarantine, and that needs a reason",
            hint="--reason TEXT says why it works now",
        )
    if wanted.pin_for is not None and not saved.pinning:
        raise UsageError(
            "--for is how long a pin holds, and nothing is pinned here", hint="leave out --for"
        )
    return replace(ask_again(world, saved, wanted), file=str(file))

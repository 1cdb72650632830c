"""`agentgit lock` and `agentgit lock images`: the digests of images."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command(
    "images",
    "agentgit lock                     # what is missing, what nobody names any more",
    "agentgit lock ghcr.io/acme/support:1.4.0",
    "agentgit lock --check             # in CI; asks nobody",
)
@click.argument("images", metavar="[IMAGE]...", nargs=-1)
@click.option(
    "-e", "--environment", "environments", metavar="NAME", multiple=True,
    help="Only what is named there, and only its hosts; may be repeated.",
)  # fmt: skip
@click.option("--upgrade", is_flag=True, help="Ask the registries again for every image.")
@click.option("--check", is_flag=True, help="Write nothing; exit 65 where it is not up to date.")
@options.as_json
@pass_settings
def command(
    settings: Settings,
    images: tuple[str, ...],
    environments: tuple[str, ...],
    *,
    upgrade: bool,
    check: bool,
    as_json: bool,
) -> int:
    """Write agentgit.lock: the digests behind the names of images.

    A tag may mean another image tomorrow; a locked one means the same everywhere until this file
    changes. What is locked stays. What is not is looked up on the hosts, else in its registry,
    with the engine's own credentials. An IMAGE that is named is always asked from its registry.
    """
    from agentgit.cli.door import choose_environments, open_world, warn
    from agentgit.compile.image_lock import render_image_lock
    from agentgit.compile.layout import list_environments
    from agentgit.compile.places import LOCK
    from agentgit.errors import AgentgitError, Exit, UsageError
    from agentgit.report.image_lock_text import locking_document, write_locking
    from agentgit.report.json_v1 import dump
    from agentgit.workflow.image_lock import check_images, lock_images

    if check and (images or upgrade):
        raise UsageError("--check looks at the whole file and asks nobody")
    world = open_world(settings)
    snapshot = world.source.worktree()
    every = list_environments(snapshot)
    names = choose_environments(snapshot, environments) if environments or not every else every
    if check:
        count = check_images(snapshot, names, whole=not environments)
        answer(f"{LOCK} is up to date: {count} images")
        return Exit.DONE
    locking = lock_images(world, names, images, whole=not environments, upgrade=upgrade)
    text = render_image_lock(locking.digests)
    if locking.changes:
        _write(Path(world.source.top) / world.source.root / LOCK, text)
        if LOCK not in world.source.worktree().files:
            warn(settings, (f"{LOCK} is ignored by git: no commit will have it",))
    palette = settings.palette(sys.stdout)
    answer(dump(locking_document(locking)) if as_json else write_locking(locking, LOCK, palette))
    if locking.problems and not as_json:
        first = locking.problems[0]
        raise AgentgitError(first.message, hint=first.hint, problems=locking.problems)
    return Exit.FAILED if locking.problems else Exit.DONE


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)

"""`agentgit init`."""

from __future__ import annotations

from pathlib import Path

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command("init", "agentgit init", "agentgit -C fleet init --name acme")
@click.option("--name", metavar="NAME", help="The project's name; default: the folder's.")
@pass_settings
def command(settings: Settings, name: str | None) -> int:
    """Write a small valid repository: layers, one agent, two environments.

    Existing files are never overwritten and nothing is committed.
    """
    from agentgit.cli.template_files import fill_template, name_project, write_files
    from agentgit.errors import Exit

    folder = settings.directory.resolve()
    remote, hint = _look_at_git(folder)
    files = fill_template(name or name_project(folder), remote)
    write_files(folder, files)
    answer(f"wrote {len(files)} files:")
    for path in sorted(files):
        answer(f"  {path}")
    answer("\nnext:")
    for line in (*hint, *_NEXT):
        answer(f"  {line}")
    return Exit.DONE


_NEXT = (
    "git add . && git commit -m 'First fleet'",
    "agentgit plan -e staging",
    "agentgit apply -e staging",
)


def _look_at_git(folder: Path) -> tuple[str | None, tuple[str, ...]]:
    """Find the remote to share the ledger with, and what to type where there is no repository."""
    from agentgit.errors import GitError
    from agentgit.source.locate import locate_repository

    try:
        git = locate_repository(str(folder)).git
    except GitError:
        return None, ("git init",)
    try:
        remotes = git.run("remote").out.decode("utf-8", "replace").split()
    finally:
        git.close()
    return ("origin" if "origin" in remotes else None), ()

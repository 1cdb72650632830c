"""`agentgit init`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

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
    from agentgit.cli.template_files import fill_template, image_of, name_project, write_files
    from agentgit.errors import Exit

    folder = settings.directory.resolve()
    git = _look_at_git(folder)
    files = fill_template(name or name_project(folder), git.remote, git.branch)
    write_files(folder, files)
    answer(f"wrote {len(files)} files:")
    for path in sorted(files):
        answer(f"  {path}")
    answer("\nnext:")
    start = () if git.found else ("git init -b main",)
    for line in (*start, *_NEXT):
        answer(f"  {line}")
    answer("\nproduction runs on Docker or Podman where one answers, which needs its image first:")
    answer(f"  docker build -t {image_of(files)} agents/hello    # or: podman build ...")
    return Exit.DONE


_NEXT = (
    "git add . && git commit -m 'First fleet'",
    "agentgit plan -e staging",
    "agentgit apply -e staging",
)


class _Git(NamedTuple):
    """What the new project finds: the remote to share the ledger with, the branch it is on."""

    found: bool
    remote: str | None
    branch: str | None


def _look_at_git(folder: Path) -> _Git:
    from agentgit.errors import GitError
    from agentgit.source.locate import locate_repository

    try:
        git = locate_repository(str(folder)).git
    except GitError:
        return _Git(found=False, remote=None, branch="main")
    try:
        remotes = git.run("remote").out.decode("utf-8", "replace").split()
        head = git.run("symbolic-ref", "--quiet", "--short", "HEAD")
    finally:
        git.close()
    branch = head.out.decode("utf-8", "replace").strip() or None
    return _Git(found=True, remote="origin" if "origin" in remotes else None, branch=branch)

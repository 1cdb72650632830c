"""Finds the Git repository and the project that a folder belongs to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agentgit.errors import ConfigError, GitError, NoCommitError
from agentgit.source.git_command import QUARANTINE, GitCommand

PROJECT_FILE = "agentgit.yaml"
_BRANCH = "ref: refs/heads/"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; `top` is its work tree, or the repository itself when it has none (bare)."""

    top: Path
    bare: bool
    git: GitCommand


def locate_repository(folder: str) -> Repository:
    """Find the repository a folder lies in, as `git -C` does. Raises GitError.

    A push hook of a repository with a work tree runs inside `.git`: the work tree is meant.
    """
    start = Path(os.path.realpath(folder))
    if not start.is_dir() or not os.access(start, os.X_OK):
        raise GitError(f"there is no folder {folder}", hint="-C takes a folder of the project")
    git = GitCommand(str(start))
    asked = git.run(
        "rev-parse",
        "--is-bare-repository",
        "--is-inside-git-dir",
        "--is-shallow-repository",
        "--show-toplevel",
    )
    flags = os.fsdecode(asked.out).split("\n", 3)
    if len(flags) < 4:
        raise _not_a_repository(str(start), asked.err)
    bare, inside, shallow, top = flags[0] == "true", flags[1] == "true", flags[2] == "true", ""
    if asked.code == 0:
        top = flags[3].removesuffix("\n")
    elif inside and not bare and (work_tree := _work_tree_around(git)) is not None:
        top = str(work_tree)
    place = Path(top) if top else start
    return Repository(
        place, not top, GitCommand(str(place), keep=_keep_quarantine(git), shallow=shallow)
    )


def locate_project(repository: Repository, folder: str) -> str:
    """Find the project: its folder below the top of the repository, `""` for the top itself.

    It is the nearest folder upwards that holds agentgit.yaml. A bare repository has no files to
    look at, its top is taken. Raises ConfigError.
    """
    if repository.bare:
        return ""
    start = Path(os.path.realpath(folder))
    if not start.is_relative_to(repository.top):
        start = repository.top  # inside .git
    for candidate in (start, *start.parents):
        if (candidate / PROJECT_FILE).is_file():
            root = candidate.relative_to(repository.top).as_posix()
            return "" if root == "." else root
        if candidate == repository.top:
            break
    raise ConfigError(
        f"no {PROJECT_FILE} in {start} or above it, up to the top of the repository",
        hint="agentgit init writes a small project to start from",
    )


def read_head_branch(top: Path) -> str | None:
    """Read which branch is checked out, without asking git; None where only git can tell."""
    try:
        said = os.fsdecode((top / ".git" / "HEAD").read_bytes())
    except OSError:  # bare, or a further work tree
        return None
    branch = said.removesuffix("\n").removeprefix(_BRANCH)
    plain = said == f"{_BRANCH}{branch}\n"
    return branch if plain and not branch.startswith(".") else None  # `.invalid`: kept elsewhere


def _work_tree_around(git: GitCommand) -> Path | None:
    found = git.run("rev-parse", "--absolute-git-dir")
    git_dir = Path(os.fsdecode(found.out).removesuffix("\n"))
    return git_dir.parent if found.code == 0 and git_dir.name == ".git" else None


def _keep_quarantine(git: GitCommand) -> tuple[str, ...]:
    """Keep what shows the pushed objects to a pre-receive hook of this very repository."""
    quarantine = os.environ.get("GIT_QUARANTINE_PATH")
    if not quarantine:
        return ()
    found = git.run("rev-parse", "--path-format=absolute", "--git-common-dir")
    common = os.path.realpath(os.fsdecode(found.out).removesuffix("\n"))
    return QUARANTINE if Path(os.path.realpath(quarantine)).is_relative_to(common) else ()


def _not_a_repository(folder: str, said: str) -> GitError:
    if "dubious ownership" in said:
        return GitError(
            f"{folder} belongs to another user, so git refuses to work in it",
            hint="if you trust it: git config --global --add safe.directory "
            + os.path.realpath(folder),
        )
    if "not a git repository" not in said:
        return GitError(f"git cannot open {folder}: {said.removeprefix('fatal: ')}")
    hook = os.environ.get("GIT_DIR")
    hint = "git init makes it one; -C DIR names another folder"
    if hook:
        hint = f"the folder decides, GIT_DIR is not used: -C {os.path.realpath(hook)}"
    return NoCommitError(f"{folder} is not in a Git repository", hint=hint)

"""Who wrote each line, or changed each file, last: a file at a time, several side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.origin import Blame, Blames
from agentgit.model.snapshot import Commit
from agentgit.source.commits import read_commit, read_time

_SIDE_BY_SIDE = 4
_UNCOMMITTED = Blame(commit=None)


def blame_files(git: Git, root: str, paths: Iterable[str], commit: str | None) -> Blames:
    """Blame the files of a project (below `root`) as a commit has them, None for the work tree.

    Paths that the repository does not know have no lines. Raises GitError.
    """
    wanted = sorted(set(paths))
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = pool.map(lambda path: _blame_file(git, root, path, commit), wanted)
        return dict(zip(wanted, found, strict=True))


def _blame_file(git: Git, root: str, path: str, commit: str | None) -> tuple[Blame, ...]:
    revision = [] if commit is None else [commit]
    asked = git.run(
        *("blame", "--porcelain", "--encoding=UTF-8", *revision, "--"),
        f"{root}/{path}" if root else path,
    )
    if asked.code == 0:
        return tuple(_read_lines(asked.out, shallow=git.shallow))
    if commit is None and ("no such path" in asked.err or "no such ref" in asked.err):
        return _blame_new(git, root, path)
    raise GitError(f"git cannot blame {path}: {asked.err.removeprefix('fatal: ')}")


def find_last_changes(
    git: Git, root: str, paths: Iterable[str], commit: str | None
) -> Mapping[str, Blame]:
    """Find who changed files last, or took them away, up to a commit; None for the work tree.

    Files that the repository has never had are left out. Raises GitError.
    """
    wanted = sorted(set(paths))
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = pool.map(lambda path: _find_last_change(git, root, path, commit), wanted)
        return {path: one for path, one in zip(wanted, found, strict=True) if one is not None}


def _find_last_change(git: Git, root: str, path: str, commit: str | None) -> Blame | None:
    name = f":(top,literal){root}/{path}" if root else f":(top,literal){path}"
    if commit is None:
        asked = git.run("status", "--porcelain", "--untracked-files=all", "--", name)
        if asked.out.strip():
            return _UNCOMMITTED
    asked = git.run("log", "-1", "--format=%H %P", commit or "HEAD", "--", name)
    if asked.code != 0:
        raise GitError(f"git cannot tell who changed {path}: {asked.err.removeprefix('fatal: ')}")
    sha, _, parents = asked.out.decode("ascii").strip().partition(" ")
    found = git.objects([sha])[0] if sha else None
    if found is None:
        return None
    return Blame(commit=read_commit(found), or_earlier=git.shallow and not parents)


def _blame_new(git: Git, root: str, path: str) -> tuple[Blame, ...]:
    """A file that no commit has: git counts its lines as those that differ from nothing."""
    name = f"{root}/{path}" if root else path
    asked = git.run("diff", "--no-index", "--numstat", "-z", "--", "/dev/null", name)
    added = asked.out.split(b"\t", 1)[0]
    return (_UNCOMMITTED,) * (int(added) if added.isdigit() else 0)


def _read_lines(out: bytes, *, shallow: bool) -> Iterable[Blame]:
    """Read the porcelain format: facts of a commit come with its first line only."""
    known: dict[str, Blame] = {}
    sha, facts = "", dict[str, str]()
    for raw in out.split(b"\n"):
        if raw.startswith(b"\t"):
            if sha not in known:
                known[sha] = _read_blame(sha, facts, shallow=shallow)
            yield known[sha]
            sha, facts = "", {}
        elif sha:
            key, _, value = raw.decode("utf-8", "replace").partition(" ")
            facts[key] = value
        else:
            sha = raw.decode("ascii").partition(" ")[0]


def _read_blame(sha: str, facts: dict[str, str], *, shallow: bool) -> Blame:
    if not sha.strip("0"):
        return _UNCOMMITTED
    commit = Commit(
        sha=sha,
        author=facts.get("author", ""),
        email=facts.get("author-mail", "").removeprefix("<").removesuffix(">"),
        time=read_time(facts.get("author-time", ""), facts.get("author-tz", "")),
        subject=facts.get("summary", ""),
    )
    return Blame(commit=commit, or_earlier=shallow and "boundary" in facts)

"""Revisions to commits: resolves what people type, and reads a commit's raw text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from agentgit.effects import Git, GitObject
from agentgit.errors import GitError, NoCommitError
from agentgit.model.snapshot import Commit

_SIGNATURE = re.compile(r"(.*?) ?<([^>]*)> (-?\d+) ([+-]\d{4})")
_ZONE = re.compile(r"([+-])(\d\d)(\d\d)")
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PERHAPS_ID = re.compile(r"[0-9a-f]{7,64}")


def find_commit(git: Git, revision: str) -> Commit:
    """Resolve a revision. It reaches git as data, never as an option. Raises GitError."""
    (found,) = git.objects([f"{revision}^{{commit}}"])
    if found is None or not revision.strip():
        raise _unknown(git, revision)
    return read_commit(found)


def read_commit(found: GitObject) -> Commit:
    """Read the raw text of a commit: author, author date with its zone, subject."""
    head, _, body = found.data.partition(b"\n\n")
    fields = dict(reversed([_field(line) for line in head.split(b"\n")]))
    text = _decode(body, fields.get("encoding", b"utf-8"))
    author = _decode(fields.get("author", b""), fields.get("encoding", b"utf-8"))
    name, email, time = _read_signature(author)
    first = text.lstrip("\n").split("\n\n", 1)[0]
    subject = " ".join(line.strip() for line in first.splitlines())
    return Commit(sha=found.id, author=name, email=email, time=time, subject=subject.strip())


def read_time(seconds: str, zone: str) -> datetime | None:
    """Read a moment as Git writes it, `1700000000` and `+0100`; None when no calendar has it."""
    match = _ZONE.fullmatch(zone)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        return datetime.fromtimestamp(int(seconds), timezone(-offset if sign == "-" else offset))
    except (ValueError, OverflowError, OSError):
        return None


def parents_of(found: GitObject) -> tuple[str, ...]:
    """Give the parents a commit really has, also those that a shallow clone does not hold."""
    head = found.data.partition(b"\n\n")[0]
    lines = [line.decode() for line in head.split(b"\n") if line.startswith(b"parent ")]
    return tuple(line.removeprefix("parent ") for line in lines)


def _field(line: bytes) -> tuple[str, bytes]:
    key, _, value = line.partition(b" ")
    return key.decode("ascii", "replace"), value


def _decode(raw: bytes, encoding: bytes) -> str:
    try:
        return raw.decode(encoding.decode("ascii", "replace"), "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _read_signature(text: str) -> tuple[str, str, datetime | None]:
    match = _SIGNATURE.match(text)
    if match is None:
        return text.partition(" <")[0], "", None
    name, email, seconds, zone = match.groups()
    return name, email, read_time(seconds, zone)


def _unknown(git: Git, revision: str) -> GitError:
    names = _branches_and_tags(git)
    if not names and git.objects(["HEAD"]) == (None,):
        return NoCommitError(
            "the repository has no commits yet",
            hint="commit the project first: git add -A && git commit",
        )
    if git.shallow and (_PERHAPS_ID.fullmatch(revision) or re.search(r"[~^]", revision)):
        return GitError(
            f"{revision} is not in this clone, which is shallow",
            hint="git fetch --unshallow brings the whole history (in CI: fetch-depth: 0)",
        )
    if revision == "HEAD" and names:
        return NoCommitError(
            "HEAD points to a branch without commits",
            hint=f"name a revision, for example {names[0]}, or: git checkout {names[0]}",
        )
    from difflib import get_close_matches

    close = get_close_matches(revision, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "git log --all lists the commits there are"
    if _FULL_ID.fullmatch(revision):
        hint = "it may not be fetched yet: git fetch"
    return GitError(f"there is no commit {revision!r} in this repository", hint=hint)


def _branches_and_tags(git: Git) -> list[str]:
    spaces = ("refs/heads", "refs/tags", "refs/remotes")
    listed = git.run("for-each-ref", "--format=%(refname:short)", *spaces)
    return listed.out.decode("utf-8", "replace").split()

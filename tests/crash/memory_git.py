"""A repository in memory: the commits of a project, and the few git commands the ledger needs.

Real git costs milliseconds a command and the matrix runs tens of thousands. What it leaves out is
played with real git by the tests that kill real processes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from agentgit.effects import GitObject, GitResult
from agentgit.errors import GitError
from agentgit.model.snapshot import Commit, Entry, Snapshot

_DATA = re.compile(rb"data (\d+)")


@dataclass
class Made:
    """One commit: its parents, its files, and its message."""

    parents: tuple[str, ...]
    files: dict[str, bytes]
    message: str


@dataclass
class Repository:
    """Commits, refs, and the repositories it knows as remotes. `away` remotes do not answer."""

    commits: dict[str, Made] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    remotes: dict[str, Repository] = field(default_factory=dict)
    away: str = ""
    refuses: str = ""

    def copy(self) -> Repository:
        """The same again, the remotes too; commits never change and are shared."""
        remotes = {name: one.copy() for name, one in self.remotes.items()}
        return Repository(dict(self.commits), dict(self.refs), remotes, self.away, self.refuses)

    def commit(self, files: dict[str, str], subject: str, parent: str = "") -> str:
        """Add a commit of the project, and move HEAD and main to it."""
        contents = {path: text.encode() for path, text in files.items()}
        sha = self.add(Made((parent,) if parent else (), contents, subject))
        self.refs |= {"HEAD": sha, "refs/heads/main": sha}
        return sha

    def add(self, made: Made) -> str:
        """Keep a commit under the digest of what it is."""
        digest = hashlib.sha1(repr((made.parents, made.message)).encode(), usedforsecurity=False)
        for path in sorted(made.files):
            digest.update(path.encode() + b"\0" + made.files[path])
        self.commits[digest.hexdigest()] = made
        return digest.hexdigest()

    def contains(self, newer: str, older: str) -> bool:
        """Whether `newer` is or descends from `older`."""
        seen, waiting = set(), [newer]
        while waiting:
            sha = waiting.pop()
            if sha == older:
                return True
            if sha not in seen and sha in self.commits:
                seen.add(sha)
                waiting += self.commits[sha].parents
        return False

    def resolve(self, name: str) -> str | None:
        """Find a commit by ref, full id or a piece of it, with or without `^{commit}`."""
        name = name.removesuffix("^{commit}")
        for ref in (name, f"refs/heads/{name}", f"refs/remotes/{name}"):
            if ref in self.refs:
                return self.refs[ref]
        found = [sha for sha in self.commits if len(name) >= 4 and sha.startswith(name)]
        return found[0] if len(found) == 1 else None


class MemoryGit:
    """Git in one repository. Implements `effects.Git`."""

    shallow = False

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def run(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> GitResult:
        """Run one of the commands that are known here; another one is a mistake of the test."""
        words = list(arguments)
        while words[0] == "-c":
            del words[:2]
        verb, rest = words[0], [word for word in words[1:] if not word.startswith("--")]
        known: dict[str, Callable[[], GitResult]] = {
            "for-each-ref": lambda: self._list_refs(words[1:]),
            "remote": lambda: _said("".join(f"{one}\n" for one in self.repository.remotes)),
            "fast-import": lambda: self._import(data),
            "update-ref": lambda: self._update(rest, data),
            "fetch": lambda: self._fetch(rest),
            "push": lambda: self._push(rest),
            "merge-base": lambda: GitResult(
                0 if self.repository.contains(rest[-1], rest[-2]) else 1, b"", ""
            ),
            "rev-list": lambda: self._list_commits(words[1:]),
            "ls-remote": lambda: self._list_remote(rest),
            "pack-objects": lambda: self._pack(data),
            "unpack-objects": lambda: self._unpack(data),
        }
        if verb not in known:
            raise AssertionError(f"the repository in memory does not know git {arguments}")
        return known[verb]()

    def objects(self, names: Sequence[str]) -> tuple[GitObject | None, ...]:
        """Look objects up: a commit, or `COMMIT:PATH`."""
        return tuple(self._find(name) for name in names)

    def close(self) -> None:
        """Nothing to end."""

    def _find(self, name: str) -> GitObject | None:
        if name.endswith("^{tree}"):
            sha = self.repository.resolve(name.removesuffix("^{tree}"))
            return (
                _as_tree(self.repository.commits[sha]) if sha in self.repository.commits else None
            )
        revision, colon, path = name.partition(":")
        sha = self.repository.resolve(revision)
        if sha is None or sha not in self.repository.commits:
            return None
        made = self.repository.commits[sha]
        if not colon:
            return GitObject(sha, "commit", _write_commit(made))
        if path not in made.files:
            return None
        file = made.files[path]
        return GitObject(hashlib.sha1(file, usedforsecurity=False).hexdigest(), "blob", file)

    def _list_refs(self, words: list[str]) -> GitResult:
        form, limit, patterns = "%(refname)", None, []
        for word in words:
            if word.startswith("--format="):
                form = word.partition("=")[2]
            elif word.startswith("--count="):
                limit = int(word.partition("=")[2])
            elif word.startswith("--"):
                raise AssertionError(f"for-each-ref {word} is not known here")
            else:
                patterns.append(word)
        lines = []
        for ref, sha in sorted(self.repository.refs.items()):
            if ref.startswith("refs/") and any(_matches(ref, one) for one in patterns or [""]):
                line = form.replace("%(objectname)", sha).replace("%(refname)", ref)
                assert "%(" not in line, form
                lines.append(f"{line}\n")
        return _said("".join(lines[:limit]))

    def _list_commits(self, words: list[str]) -> GitResult:
        names = [word for word in words if not word.startswith("-")]
        seen: dict[str, None] = {}
        waiting = [sha for name in names if (sha := self.repository.resolve(name))]
        while waiting:
            sha = waiting.pop(0)
            if sha not in seen and sha in self.repository.commits:
                seen[sha] = None
                waiting += self.repository.commits[sha].parents
        return _said("".join(f"{sha}\n" for sha in seen))

    def _import(self, stream: bytes) -> GitResult:
        for ref, made in _read_stream(stream, self.repository):
            now = self.repository.refs.get(ref)
            sha = self.repository.add(made)
            if now is not None and not self.repository.contains(sha, now):
                return GitResult(1, b"", f"warning: Not updating {ref}")
            self.repository.refs[ref] = sha
        return _said("")

    def _update(self, words: list[str], data: bytes) -> GitResult:
        orders = data.decode().splitlines() if data else [_as_order(words)]
        refs = dict(self.repository.refs)
        for order in orders:
            verb, ref, *ids = order.split()
            if verb in {"start", "prepare", "commit"}:
                continue
            old = ids[-1] if len(ids) == (1 if verb == "delete" else 2) else None
            if old is not None and refs.get(ref, "") != old.strip('0"'):
                return GitResult(1, b"", f"fatal: cannot lock ref '{ref}'")
            if verb == "create" and ref in refs:
                return GitResult(1, b"", f"fatal: cannot lock ref '{ref}'")
            if verb == "delete":
                refs.pop(ref, None)
            else:
                refs[ref] = ids[0]
        self.repository.refs = refs
        return _said("")

    def _pack(self, data: bytes) -> GitResult:
        """Pack commits as what they are made of; trees and files travel with them."""
        commits = self.repository.commits
        known = {sha: commits[sha] for sha in data.decode().split() if sha in commits}
        rows = [
            [one.parents, {path: text.decode() for path, text in one.files.items()}, one.message]
            for one in known.values()
        ]
        return _said(json.dumps(rows))

    def _unpack(self, data: bytes) -> GitResult:
        for parents, files, message in json.loads(data):
            contents = {path: text.encode() for path, text in files.items()}
            self.repository.add(Made(tuple(parents), contents, message))
        return _said("")

    def _remote(self, name: str) -> Repository:
        return self.repository.remotes[name]

    def _list_remote(self, rest: list[str]) -> GitResult:
        there = self._remote(rest[0])
        if there.away:
            return GitResult(128, b"", f"fatal: {there.away}")
        found = [
            f"{sha}\t{ref}\n"
            for ref, sha in sorted(there.refs.items())
            if any(fnmatchcase(ref, one) for one in rest[1:] or ["*"])
        ]
        return _said("".join(found))

    def _fetch(self, rest: list[str]) -> GitResult:
        there = self._remote(rest[0])
        if there.away:
            return GitResult(128, b"", f"fatal: {there.away}")
        rejected = _copy_refs(there, self.repository, rest[1:])
        lines = [f" ! [rejected] {ref} -> {ref}  (non-fast-forward)" for ref in rejected]
        return GitResult(1 if rejected else 0, b"", "\n".join(lines))

    def _push(self, rest: list[str]) -> GitResult:
        there = self._remote(rest[0])
        if there.away:
            return GitResult(128, b"", f"fatal: {there.away}")
        if there.refuses:
            return GitResult(
                1, f"!\t{rest[1]}\t[remote rejected] ({there.refuses})\n".encode(), "error: failed"
            )
        rejected = _copy_refs(self.repository, there, rest[1:])
        lines = [f"!\t{ref}:{ref}\t[rejected] (fetch first)\n" for ref in rejected]
        return GitResult(1 if rejected else 0, "".join(lines).encode(), "")


class MemorySource:
    """A project in a repository in memory. Implements `effects.Source`, and what a World uses."""

    bare = False
    root = ""
    top = Path("/nonexistent/project")

    def __init__(
        self, git: MemoryGit, repository: Repository, actor: str = "Ana <ana@acme>"
    ) -> None:
        self.git = git
        self._repository = repository
        self._actor = actor

    def close(self) -> None:
        """Nothing to end."""

    def commit(self, revision: str) -> Commit:
        """Resolve a revision."""
        sha = self._repository.resolve(revision)
        if sha is None:
            raise GitError(f"there is no revision {revision}")
        when = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
        subject = self._repository.commits[sha].message
        return Commit(sha=sha, author="Ana", email="ana@acme", time=when, subject=subject)

    def snapshot(self, revision: str) -> Snapshot:
        """The files of a commit."""
        commit = self.commit(revision)
        files = self._repository.commits[commit.sha].files
        entries = {path: Entry("100644", _blob(files[path])) for path in sorted(files)}
        return Snapshot(commit, entries, lambda path: files[path])

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` contains `older`."""
        return self._repository.contains(newer, older)

    def follow(self, branch: str | None) -> tuple[str, Commit]:
        """The branch an environment follows, and its commit."""
        return branch or "main", self.commit(branch or "main")

    def head_branch(self) -> str | None:
        """The branch that is checked out."""
        return "main"

    def actor(self) -> str:
        """Who acts."""
        return self._actor

    def tree(self, commit: str, folder: str) -> Iterator[tuple[str, str, bytes]]:
        """No processes run from a repository in memory."""
        raise AssertionError(f"nobody asks for {folder} of {commit}")


def _read_stream(  # noqa: C901 - one arm a word
    stream: bytes, repository: Repository
) -> Iterator[tuple[str, Made]]:
    """Read commits as `git fast-import` does, as far as the ledger writes them."""
    at, ref, made, base = 0, "", None, {}
    while at < len(stream):
        end = stream.index(b"\n", at)
        line = stream[at:end]
        at = end + 1
        word, _, rest = line.decode().partition(" ")
        if word in {"commit", "done"}:
            if made is not None:
                yield ref, made
            ref, made, base = rest, (Made((), {}, "") if word == "commit" else None), {}
        elif match := _DATA.fullmatch(line):
            assert made is not None
            made.message = stream[at : at + int(match[1])].decode()
            at += int(match[1])
        elif word in {"from", "merge"} and made is not None:
            sha = repository.resolve(rest) or rest
            made.parents = (*made.parents, sha)
            if word == "from" and sha in repository.commits:
                base = repository.commits[sha].files
                made.files = dict(base)
        elif word == "deleteall" and made is not None:
            made.files = {}
        elif word == "M" and made is not None:
            path = rest.split(" ", 2)[2]
            end = stream.index(b"\n", at)
            match = _DATA.fullmatch(stream[at:end])
            assert match is not None, stream[at:end]
            at = end + 1
            made.files[path] = stream[at : at + int(match[1])]
            at += int(match[1])
        elif word in {"author", "committer"} and made is not None:
            pass
        elif line and not word.startswith("feature"):
            raise AssertionError(f"the repository in memory cannot read {line!r}")


def _copy_refs(here: Repository, there: Repository, specs: list[str]) -> list[str]:
    rejected = []
    for spec in specs:
        forced, plain = spec.startswith("+"), spec.removeprefix("+")
        if plain.startswith(":"):
            there.refs.pop(plain[1:], None)
            continue
        source, _, target = plain.partition(":")
        for ref, sha in sorted(here.refs.items()):
            if not (ref == source or (source.endswith("*") and ref.startswith(source[:-1]))):
                continue
            name = target.replace("*", ref[len(source) - 1 :]) if "*" in target else target
            now = there.refs.get(name)
            there.commits |= here.commits
            if forced or now is None or there.contains(sha, now):
                there.refs[name] = sha
            else:
                rejected.append(ref)
    return rejected


def _matches(ref: str, pattern: str) -> bool:
    if "*" in pattern:
        return fnmatchcase(ref, pattern)
    return ref == pattern or ref.startswith(pattern if pattern.endswith("/") else f"{pattern}/")


def _as_order(words: list[str]) -> str:
    named = [word or '""' for word in words]
    return " ".join(["delete", *named[1:]] if words[0] == "-d" else ["update", *named])


def _write_commit(made: Made) -> bytes:
    parents = "".join(f"parent {one}\n" for one in made.parents)
    who = "Ana <ana@acme> 1795000000 +0000"
    head = f"tree {'0' * 40}\n{parents}author {who}\ncommitter {who}\n\n"
    return (head + made.message).encode()


def _as_tree(made: Made) -> GitObject:
    data = b"".join(
        b"100644 %s\0%s" % (path.encode(), bytes.fromhex(_blob(made.files[path])))
        for path in sorted(made.files)
    )
    return GitObject(_blob(data), "tree", data)


def _blob(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _said(text: str) -> GitResult:
    return GitResult(0, text.encode(), "")

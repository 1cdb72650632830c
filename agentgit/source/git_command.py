"""Runs git: every git process of the program, for commands and for reading objects, starts here.

The folder decides which repository is meant, as in a fresh shell. Git sets variables such as
GIT_DIR for its hooks, and they would redirect every command to another repository (post-receive
sets `GIT_DIR=.`, which is wrong in any other folder), so they are taken out of the environment of
what is started here; see `locate` for the one exception.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import IO, TYPE_CHECKING

from agentgit.effects import GitObject, GitResult
from agentgit.errors import GitError

if TYPE_CHECKING:
    import git.cmd

QUARANTINE = (
    "GIT_QUARANTINE_PATH",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
)
_REDIRECTS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    *QUARANTINE,
)
_QUIET = {  # never ask anybody anything, never write to the index while looking at it
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
}
_WINDOW = 4000  # bytes of requests sent ahead: less than a pipe holds, so neither side waits


class GitCommand:
    """Git in one folder. Implements `effects.Git`."""

    def __init__(self, folder: str, *, keep: tuple[str, ...] = (), shallow: bool = False) -> None:
        self.shallow = shallow
        self._folder = folder
        self._git: git.cmd.Git | None = None  # loaded with the first command
        unset = [name for name in _REDIRECTS if name in os.environ and name not in keep]
        self._prefix = ["env", *(word for name in unset for word in ("-u", name))] if unset else []
        self._lock = threading.Lock()
        self._reader: Popen[bytes] | None = None
        self._process = os.getpid()
        self._of_parent: Popen[bytes] | None = None  # kept in a forked process, and left alone

    def __del__(self) -> None:
        self.close()

    def run(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> GitResult:
        """Run one command to its end."""
        process = self._start(*arguments)
        popen = _popen(process)
        try:
            out, err = popen.communicate(data, timeout=timeout)
        except TimeoutExpired:
            return GitResult(None, b"", f"git did not end within {timeout:g}s")
        finally:
            _end_group(popen)
        return GitResult(popen.returncode, out, err.decode("utf-8", "replace").strip())

    def objects(self, names: Sequence[str]) -> tuple[GitObject | None, ...]:
        """Look objects up through one long-running `git cat-file --batch`."""
        found: list[GitObject | None] = []
        self._leave_to_parent()
        with self._lock:
            for window in _windows([os.fsencode(name) for name in names]):
                found.extend(self._exchange(window))
        return tuple(found)

    def get_ready(self) -> None:
        """Start what reads objects: it is ready by the time when they are asked for."""
        with self._lock:
            self._reader = self._reader or self._start_reading()

    def close(self) -> None:
        """End the process that reads objects; it starts again when it is needed."""
        self._leave_to_parent()
        with self._lock:
            self._stop_reading()

    def _leave_to_parent(self) -> None:
        """After a fork: two processes cannot share one reader."""
        if self._process != os.getpid():
            self._process, self._of_parent, self._reader = os.getpid(), self._reader, None

    def _exchange(self, window: list[bytes]) -> list[GitObject | None]:
        if self._reader is None:
            self._reader = self._start_reading()
        requests, answers = _pipes(self._reader)
        try:
            requests.write(b"".join(name + b"\n" for name in window))
            requests.flush()
            return [_read_object(answers) for _ in window]
        except (OSError, EOFError) as error:
            self._stop_reading()
            raise GitError(
                "git stopped while objects of the repository were read",
                hint="git fsck tells whether the repository is damaged",
            ) from error

    def _stop_reading(self) -> None:
        if self._reader is not None:
            popen, self._reader = self._reader, None
            _end_group(popen)

    def _start_reading(self) -> Popen[bytes]:
        """Start the reader directly: most runs need no other command, and not GitPython."""
        arguments = [*self._prefix, "git", "cat-file", "--batch"]
        quiet = {**os.environ, **_QUIET}
        try:
            return Popen(
                arguments,
                cwd=self._folder,
                env=quiet,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise _no_git() from error

    def _start(self, *arguments: str) -> git.cmd.Git.AutoInterrupt:
        # A session of its own: no terminal to ask for a password on, and one signal ends the
        # helpers (ssh, git-remote-https) together with git.
        from git.exc import GitCommandNotFound

        if self._git is None:
            self._git = _load_git(self._folder)
        try:
            return self._git.execute(
                [*self._prefix, "git", *arguments],
                istream=PIPE,
                as_process=True,
                env=_QUIET,
                start_new_session=True,
            )
        except GitCommandNotFound as error:
            raise _no_git() from error


def _load_git(folder: str) -> git.cmd.Git:
    try:
        from git.cmd import Git
    except ImportError as error:  # GitPython looks for the program when it is imported
        raise _no_git() from error
    return Git(folder)


def _no_git() -> GitError:
    return GitError("git is not installed", hint="install it, for example: apt install git")


def _popen(process: git.cmd.Git.AutoInterrupt) -> Popen[bytes]:
    popen = process.proc
    if popen is None:
        raise EOFError
    return popen


def _pipes(popen: Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if popen.stdin is None or popen.stdout is None:
        raise EOFError
    return popen.stdin, popen.stdout


def _end_group(popen: Popen[bytes]) -> None:
    if popen.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()
    for stream in (popen.stdin, popen.stdout, popen.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _windows(names: list[bytes]) -> list[list[bytes]]:
    windows: list[list[bytes]] = []
    room = 0
    for name in names:
        if not windows or room < len(name):
            windows.append([])
            room = _WINDOW
        # A name with a line end would be two requests; git has no such name.
        windows[-1].append(b"-" if b"\n" in name or b"\0" in name else name)
        room -= len(name) + 1
    return windows


def _read_object(answers: IO[bytes]) -> GitObject | None:
    header = answers.readline()
    if not header.endswith(b"\n"):
        raise EOFError
    words = header.split()
    if words[-1] in {b"missing", b"ambiguous"} or len(words) != 3:
        return None
    size = int(words[2])
    data = answers.read(size + 1)
    if len(data) != size + 1:
        raise EOFError
    return GitObject(words[0].decode(), words[1].decode(), data[:-1])

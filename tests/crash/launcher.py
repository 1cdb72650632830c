"""Runs agentgit and kills it with SIGKILL at one moment: `launcher.py POINT TRACE -- WORDS...`.

A moment is just before the process changes something outside of itself: a file or folder, a
signal, another program, a request to an engine. Python's audit hooks tell of all of them, so
nothing in agentgit knows of this. `POINT` is the number of the moment, -1 for none; after an
engine's answer was lost counts too: an `R` after the number kills when the request was sent and
answered, and nobody has read it. TRACE is a file that gets the name of every moment.

Leases live for a shorter time here, for all who take part.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = frozenset(
    {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.kill", "os.killpg", "os.posix_spawn"}
    | {"subprocess.Popen", "os.fork", "os.forkpty", "http.client.send", "os.link", "os.symlink"}
)
LIFE = (4.0, 0.4, 1.5, 0.1, 20.0)  # seconds: ttl, beat, call, look, way


class Reaper:
    """Counts the moments, and ends the process at one of them."""

    def __init__(self, point: str, trace: str) -> None:
        self.lost = point.endswith("R")
        self.point = int(point.rstrip("R"))
        self.file = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.count = 0
        self.open = False
        self.answers = 0

    def hear(self, event: str, words: tuple[Any, ...]) -> None:
        """Called by Python for whatever happens."""
        if not self.open:
            return
        if event == "open":
            flags = words[2] if len(words) > 2 else 0
            if not (isinstance(flags, int) and flags & WRITES) or _is_own(words[0]):
                return
        elif event not in CHANGES or (event == "http.client.send" and _only_reads(words[1])):
            return
        self.note(f"{event} {_shorten(words)}")
        if self.count - 1 == self.point and not self.lost:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(self, text: str) -> None:
        """Write a moment down."""
        self.count += 1
        os.write(self.file, f"{text}\n".encode("utf-8", "replace"))

    def answered(self, changes: bool) -> None:
        """An engine has answered a request."""
        if not changes:
            return
        os.write(self.file, b"# answered\n")
        if self.lost and self.answers == self.point:
            os.kill(os.getpid(), signal.SIGKILL)
        self.answers += 1


def _is_own(path: Any) -> bool:
    text = str(path)
    return text.startswith(("/dev", "/proc")) or ".pyc" in text or "__pycache__" in text


def _only_reads(data: Any) -> bool:
    if not isinstance(data, bytes | bytearray | memoryview):
        return True  # the rest of a body
    head = bytes(data[:8])
    known = (b"POST", b"PUT ", b"DELE")
    return not head.startswith(known)


def _shorten(words: tuple[Any, ...]) -> str:
    first = words[1] if len(words) > 1 and isinstance(words[1], bytes) else words[0]
    text = first[:120].decode("latin-1") if isinstance(first, bytes) else str(first)
    return text.splitlines()[0][:120] if text else ""


def _watch_answers(reaper: Reaper) -> None:
    import http.client

    receive = http.client.HTTPConnection.getresponse

    def getresponse(connection: Any, *words: Any, **named: Any) -> Any:
        method = getattr(connection, "_method", "") or ""
        answer = receive(connection, *words, **named)
        reaper.answered(method in {"POST", "PUT", "DELETE"})
        return answer

    http.client.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign]


def main() -> None:
    """Run the words after `--` as agentgit does."""
    point, trace, dashes, *words = sys.argv[1:]
    assert dashes == "--"
    from agentgit.__main__ import main as agentgit
    from agentgit.execute.lease_value import Times

    Times.__init__.__defaults__ = LIFE  # type: ignore[misc]
    reaper = Reaper(point, trace)
    _watch_answers(reaper)
    sys.addaudithook(reaper.hear)
    sys.argv = ["agentgit", *words]
    reaper.open = True
    agentgit()


if __name__ == "__main__":
    main()

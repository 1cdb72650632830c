"""On a terminal: questions, live progress, interrupts. With real processes as replicas."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # real processes, or real waiting

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; from agentgit.cli.main import run; sys.exit(run(sys.argv[1:]))"


@dataclass
class Terminal:
    """A command on a terminal of its own."""

    arguments: tuple[str, ...]
    text: str = ""
    _descriptor: int = -1
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._descriptor, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *self.arguments],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"},
        )
        os.close(inner)

    def read_until(self, words: str) -> None:
        while words not in self.text:
            assert select.select([self._descriptor], [], [], 30)[0], self.text
            data = self._read()
            assert data, self.text
            self.text += data

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def finish(self) -> int:
        while data := self._read():
            self.text += data
        os.close(self._descriptor)
        return self.process.wait(timeout=60)

    def _read(self) -> str:
        try:
            return os.read(self._descriptor, 65536).decode()
        except OSError:  # the other side is closed
            return ""


@pytest.fixture
def fleet(
    agentgit: Callable[..., Any], git: Callable[..., str], commit: Callable[[str], str]
) -> Iterator[Path]:
    """A committed project whose replicas are processes; they are gone afterwards."""
    git("init", "--quiet", "--initial-branch", "main")
    assert agentgit("init").code == 0
    commit("First fleet")
    yield Path.cwd()
    done = agentgit("destroy", "-e", "staging", "--yes")
    assert done.code == 0, done.err


def test_declining_changes_nothing(fleet: Path, agentgit: Callable[..., Any]) -> None:
    assert fleet
    terminal = Terminal(("apply", "-e", "staging"))
    terminal.read_until("Go on? [y/N]: ")
    terminal.type("n\n")
    assert terminal.finish() == 130
    assert "declined, nothing was changed" in terminal.text
    assert "\x1b[32m+" in terminal.text
    assert "No rollouts yet" in agentgit("history", "-e", "staging").out


def test_progress_is_drawn_over_itself(fleet: Path, agentgit: Callable[..., Any]) -> None:
    assert fleet
    terminal = Terminal(("apply", "-e", "staging"))
    terminal.read_until("Go on? [y/N]: ")
    terminal.type("y\n")
    assert terminal.finish() == 0
    assert "\x1b[3F" in terminal.text
    assert "waiting until healthy" in terminal.text
    assert "0 of 1" in terminal.text
    assert "1 of 1" in terminal.text
    assert "done:\x1b[0m staging runs " in terminal.text
    assert "hello listens on" in agentgit("logs", "hello", "-e", "staging").out

    terminal = Terminal(("destroy", "-e", "staging"))
    terminal.read_until("Type staging to remove all of it: ")
    terminal.type("stagign\n")
    assert terminal.finish() == 130
    assert "1 of 1 serving" in agentgit("status", "-e", "staging").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interrupt_stops_at_a_safe_point(
    fleet: Path, agentgit: Callable[..., Any], commit: Callable[[str], str], number: signal.Signals
) -> None:
    defaults = fleet / "global/defaults.yaml"
    text = defaults.read_text(encoding="utf-8")
    defaults.write_text(text.replace("maxSurge: 1", "minHealthyTime: 50s"), encoding="utf-8")
    commit("Wait for long")
    terminal = Terminal(("apply", "-e", "staging", "--yes"))
    terminal.read_until("waiting until healthy")
    terminal.process.send_signal(number)
    assert terminal.finish() == 130
    assert "stopping at the next safe point" in terminal.text
    assert "interrupted:" in terminal.text
    assert "to go on:  agentgit apply -e staging" in terminal.text
    assert "interrupted" in agentgit("history", "-e", "staging").out

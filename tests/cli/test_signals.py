"""Signals, sent to a process of their own: what is under way may ignore them for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SCRIPT = """
import sys, threading
from agentgit.cli import signals
signals.LEAVING = float(sys.argv[1])
flag, hangs = threading.Event(), threading.Event()
try:
    with signals.catch_interrupts(flag, quiet=False):
        try:
            print("ready", flush=True)
            flag.wait()
            print("flag", flush=True)
            while True:
                hangs.wait()
        except KeyboardInterrupt:
            print("raised", flush=True)
            if sys.argv[2] == "hangs":
                while True:
                    hangs.wait()
            raise
except KeyboardInterrupt:
    sys.exit(3)
"""


@contextmanager
def started(seconds: str, how: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, seconds, how],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def says(process: subprocess.Popen[str], *words: str) -> None:
    assert process.stdout is not None
    for word in words:
        assert process.stdout.readline() == f"{word}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_asks_and_the_second_raises(number: int) -> None:
    with started("60", "ends") as process:
        says(process, "ready")
        process.send_signal(number)
        says(process, "flag")
        process.send_signal(number)
        says(process, "raised")
        _, err = process.communicate(timeout=30)
        assert process.returncode == 3
        assert err == "stopping at the next safe point; press Ctrl-C again to stop at once\n"


def test_what_hangs_is_left_after_a_while() -> None:
    with started("0.2", "hangs") as process:
        says(process, "ready")
        for answer in ("flag", "raised"):
            process.send_signal(signal.SIGTERM)
            says(process, answer)
        assert process.wait(timeout=30) == 130


def test_a_third_signal_waits_for_nothing() -> None:
    with started("60", "hangs") as process:
        says(process, "ready")
        for answer in ("flag", "raised"):
            process.send_signal(signal.SIGINT)
            says(process, answer)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130

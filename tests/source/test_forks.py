"""Work in copies of this process: done, or not done, and never half."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

import agentgit.source.forks as forks_module
from agentgit.source.forks import Forks


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass over the threads that other tests and the runner have."""
    if "threads" not in request.node.name:
        monkeypatch.setattr(forks_module, "_may_fork", lambda: True)


def is_alive(child: int) -> bool:
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True


def test_results_come_back_in_any_order_and_size() -> None:
    forks = Forks()
    large = b"x" * 3_000_000
    waits = [forks.begin(lambda data=data: data) for data in (b"", b"one", large)]
    assert [wait() for wait in reversed(waits)] == [large, b"one", b""]
    forks.close()


def test_work_is_done_in_another_process() -> None:
    forks = Forks()
    assert forks.begin(lambda: str(os.getpid()).encode())() != str(os.getpid()).encode()


def test_what_fails_or_is_killed_is_lost() -> None:
    forks = Forks()

    def fail() -> bytes:
        raise SystemExit(0)

    def be_killed() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b"never"

    assert forks.begin(fail)() is None
    assert forks.begin(be_killed)() is None


def test_a_result_is_given_once() -> None:
    wait = Forks().begin(lambda: b"one")
    assert wait() == b"one"
    assert wait() is None


def test_what_still_works_is_ended() -> None:
    forks = Forks()
    wait = forks.begin(lambda: bytes(str(signal.pause()), "ascii"))
    (child,) = forks._running
    assert is_alive(child)
    forks.close()
    assert not is_alive(child)
    assert wait() is None
    forks.close()


def test_there_is_no_copy_while_other_threads_run() -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    try:
        forks = Forks()
        assert forks.begin(lambda: b"one")() is None
        assert forks._running == {}
    finally:
        go_on.set()
        thread.join()


def test_nothing_of_the_parents_is_run_at_the_end_of_a_copy(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    try:
        Forks().begin(lambda: b"one")()
    finally:
        with mark.open("a") as file:
            file.write("x")
    assert mark.read_text() == "x"

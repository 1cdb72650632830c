"""Processes are told apart by more than their number."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agentgit.errors import EngineError
from agentgit.providers.process import table
from agentgit.providers.process.table import (
    Identity,
    check_system,
    is_alive,
    kill_strays,
    read_self,
)


def identify(pid: int) -> Identity:
    stat = table._read_stat(pid)
    assert stat is not None
    return Identity(pid, stat.started, table.read_boot())


def test_we_are_alive_and_others_with_our_number_are_not() -> None:
    me = read_self()
    assert me.pid == os.getpid()
    assert is_alive(me)
    assert not is_alive(replace(me, started=me.started + 1))
    assert not is_alive(replace(me, boot="another"))
    assert not is_alive(None)


def test_zombie_is_dead() -> None:
    child = subprocess.Popen(["sleep", "1000"])
    identity = identify(child.pid)
    assert is_alive(identity)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, not reaped
    assert not is_alive(identity)
    child.wait()
    assert not is_alive(identity)


def test_program_names_do_not_confuse(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    child = subprocess.Popen([odd, "1000"])
    try:
        assert is_alive(identify(child.pid))
    finally:
        child.kill()
        child.wait()


def test_strays_need_our_mark() -> None:
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True, env={"MARK": "ours"})
    try:
        identity = identify(child.pid)
        kill_strays(identity, b"MARK=theirs")
        kill_strays(replace(identity, pid=identity.pid + 1), b"MARK=ours")
        assert child.poll() is None
        kill_strays(identity, b"MARK=ours")
        assert child.wait(10) == -signal.SIGKILL
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("raw", [None, {}, {"pid": 1}, {"pid": "x", "started": 1, "boot": ""}])
def test_senseless_records_name_nobody(raw: dict[str, object] | None) -> None:
    assert Identity.parse(raw) is None


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_system()
    monkeypatch.setattr(table.sys, "platform", "darwin")
    with pytest.raises(EngineError, match="only be processes on Linux"):
        check_system()

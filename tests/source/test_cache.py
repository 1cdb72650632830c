"""The cache gives back what was written or nothing: damaged, foreign, killed, or raced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.source import cache as module
from agentgit.source.cache import FOLDER, FileCache

WRITER = """
import os, sys
from agentgit.source.cache import FileCache
cache = FileCache(sys.argv[1])
mark = sys.argv[2].encode()
print("ready", flush=True)
while True:
    cache.write("value", mark * 400_000)
    read = cache.read("value")
    if read is not None and (len(set(read)) != 1 or len(read) != 400_000):
        print("mixed", flush=True)
        os._exit(1)
    print(".", end="", flush=True)
"""


def only_file(folder: Path) -> Path:
    (path,) = (folder / FOLDER).iterdir()
    return path


def start_writer(folder: Path, mark: str) -> subprocess.Popen[bytes]:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), mark], stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    return writer


def end(writer: subprocess.Popen[bytes]) -> None:
    writer.kill()
    writer.wait()
    assert writer.stdout is not None
    writer.stdout.close()


def test_it_keeps_values_by_name(tmp_path: Path) -> None:
    FileCache(str(tmp_path)).write("a", b"one")
    FileCache(str(tmp_path)).write("b", b"")
    assert FileCache(str(tmp_path)).read("a") == b"one"
    assert FileCache(str(tmp_path)).read("b") == b""
    assert FileCache(str(tmp_path)).read("c") is None


@given(st.binary(min_size=1, max_size=300), st.data())
def test_no_damage_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, value: bytes, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = FileCache(str(folder))
    cache.write("a", value)
    path = only_file(folder)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << bit
    for damaged in (bytes(flipped), whole[:place], whole + b"x", b""):
        path.write_bytes(damaged)
        assert cache.read("a") is None
    cache.write("a", value)
    assert cache.read("a") == value


def test_a_value_under_another_name_is_none(tmp_path: Path) -> None:
    cache = FileCache(str(tmp_path))
    cache.write("a", b"one")
    path = only_file(tmp_path)
    path.rename(path.with_name(path.name.replace("a", "b", 1)))
    assert cache.read("b") is None


def test_what_another_version_wrote_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileCache(str(tmp_path)).write("a", b"one")
    monkeypatch.setattr(module, "__version__", "99")
    assert FileCache(str(tmp_path)).read("a") is None


def test_what_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    cache = FileCache(str(tmp_path))
    cache.write("a", b"one")
    assert cache.read("a") is None


def test_it_stays_within_its_limit(tmp_path: Path) -> None:
    cache = FileCache(str(tmp_path), limit=10_000)
    for number in range(20):
        cache.write(f"v{number}", b"x" * 1000)
        os.utime(tmp_path / FOLDER / f"v{number}.cache", (number, number))
    files = list((tmp_path / FOLDER).iterdir())
    assert sum(path.stat().st_size for path in files) <= 11_000
    assert cache.read("v19") is not None
    assert cache.read("v0") is None
    cache.write("large", b"x" * 9_000)
    assert cache.read("large") is None


def test_two_processes_never_mix_their_values(tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, mark) for mark in "ab"]
    try:
        for writer in writers * 25:
            assert writer.stdout is not None
            assert writer.stdout.read(1) == b"."
    finally:
        for writer in writers:
            end(writer)


def test_a_kill_in_the_middle_of_writing_leaves_a_whole_value(tmp_path: Path) -> None:
    cache = FileCache(str(tmp_path))
    for number in range(8):
        writer = start_writer(tmp_path, "ab"[number % 2])
        assert writer.stdout is not None
        writer.stdout.read(1 + number)
        writer.send_signal(signal.SIGKILL)
        end(writer)
        value = cache.read("value")
        assert value is not None
        assert len(value) == 400_000
        assert len(set(value)) == 1


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    cache = FileCache(str(tmp_path))
    cache.write("a", b"one")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / FOLDER / f"a.cache.{gone.pid}.tmp"
    left.write_bytes(b"half")
    own = tmp_path / FOLDER / f"b.cache.{os.getpid()}.tmp"
    own.write_bytes(b"half")
    cache.write("a", b"two")
    assert not left.exists()
    assert own.exists()

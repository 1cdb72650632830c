"""Killed while it writes, the cache gives what it had before, or nothing; never half."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentgit.source.cache import FileCache

# The call at which the process kills itself, and whether it is done by then.
POINTS = [("makedirs", False), ("open", False), ("write", False), ("write", True),
          ("replace", False), ("replace", True)]  # fmt: skip
WRITER = """
import builtins, os, signal, sys
from agentgit.source.cache import FileCache

point, done = sys.argv[2], sys.argv[3] == "after"


def deadly(call):
    def run(*words, **options):
        if done:
            call(*words, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    return run


class Deadly:
    def __init__(self, file):
        self.file = file
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.file.close()
    def write(self, data):
        self.file.write(data[: len(data) // 2] if not done else data)
        self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


cache = FileCache(sys.argv[1])
if point == "write":
    real = builtins.open
    def open_deadly(path, mode="r"):
        return Deadly(real(path, mode)) if "w" in mode else real(path, mode)
    builtins.open = open_deadly
elif point == "open":
    builtins.open = deadly(builtins.open)
else:
    setattr(os, point, deadly(getattr(os, point)))
cache.write("value", b"new" * 1000)
"""


@pytest.mark.parametrize(("point", "done"), POINTS)
@pytest.mark.parametrize("before", [None, b"old"])
def test_a_kill_at_any_point_of_writing(
    tmp_path: Path, before: bytes | None, point: str, *, done: bool
) -> None:
    if before is not None:
        FileCache(str(tmp_path)).write("value", before)
    command = [sys.executable, "-c", WRITER, str(tmp_path), point, "after" if done else "before"]
    killed = subprocess.run(command, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    found = FileCache(str(tmp_path)).read("value")
    assert found == (b"new" * 1000 if (point, done) == ("replace", True) else before)


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), "replace", "before"]
    subprocess.run(command, capture_output=True, check=False)
    folder = tmp_path / "agentgit"
    assert list(folder.glob("*.tmp"))
    FileCache(str(tmp_path)).write("value", b"next")
    assert [one.name for one in folder.iterdir()] == ["value.cache"]

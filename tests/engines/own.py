"""An engine for one test alone, which may stop it, start it again and upgrade it.

Its folder lies beside the one of the shared engines. What a killed session left there is taken
down before the next use, and when the last session ends.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("engines.sh")
PATIENCE = 600  # seconds: packages may have to be downloaded
_NOT_HERE = 3


@dataclass(frozen=True)
class OwnEngine:
    """One engine below `root`."""

    kind: str
    root: Path
    url: str

    def restart(self, *, live_restore: bool = False) -> None:
        """Stop it and start it again on its data; Docker stops its containers with itself."""
        self._call(*(["--live-restore"] if live_restore else []))

    def upgrade(self) -> None:
        """Stop it and start the one of the next Debian release on its data, or skip the test."""
        self._call("--newer")

    def _call(self, *flags: str) -> None:
        run_script(self.root, "restart", "--only", self.kind, *flags)


@contextmanager
def own_engine(kind: str) -> Iterator[OwnEngine]:
    """Start an engine that nobody else uses; it is gone afterwards."""
    root = own_root(kind)
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another session may have it
        run_script(root, "down", "--only", kind, "--purge")
        try:
            said = run_script(root, "up", "--only", kind)
            found = dict(line.split("=", 1) for line in said.splitlines())
            yield OwnEngine(kind, root, found[f"AGENTGIT_TEST_{kind.upper()}"])
        finally:
            run_script(root, "down", "--only", kind, "--purge")


def own_root(kind: str) -> Path:
    """Say where the own engine of that kind lies."""
    return shared_root().with_name(f"{shared_root().name}-own-{kind}")


def shared_root() -> Path:
    """Say where the engines lie that all tests share."""
    default = Path(tempfile.gettempdir()) / "agentgit-engines"
    return Path(os.environ.get("AGENTGIT_TEST_ENGINES") or default)


def run_script(root: Path, command: str, *flags: str) -> str:
    """Run engines.sh with the images and packages of the shared engines, or skip the test."""
    done = subprocess.run(
        [str(SCRIPT), command, str(root), *flags],
        env={**os.environ, "AGENTGIT_TEST_CACHE": str(shared_root() / "cache")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    excused = command == "restart" or os.environ.get("CI") != "true"
    if done.returncode == _NOT_HERE and excused:
        pytest.skip((done.stderr.strip().splitlines() or ["no engine can be had here"])[-1])
    assert done.returncode == 0, done.stderr
    return done.stdout

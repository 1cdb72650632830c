"""A disk that is really full: below the processes of a host, and below the repository.

It is nobody's revision that is to blame, whatever could not be written, and nothing is left.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scenarios.conftest import PLACE, SmallFleet, destroyed, make_small_fleet

pytestmark = pytest.mark.slow
PAGE = 4096
ROOM = (0, 2, 4, 6)  # pages that are left when the rollout begins


@dataclass
class SmallDisk:
    """A file system of its own; `ballast` takes the room."""

    folder: Path

    @property
    def ballast(self) -> Path:
        return self.folder / "ballast"

    def leave(self, pages: int) -> None:
        """Fill it up, but for some pages."""
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE))
            except OSError:
                size = file.tell()
        os.truncate(self.ballast, size - pages * PAGE)

    def clear(self) -> None:
        self.ballast.unlink(missing_ok=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "agentgit-test", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a file system of its own cannot be had: {done.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def brief(fleet: SmallFleet, text: str) -> None:
    fleet.write("global/prompts/worker.md", text)
    fleet.commit(text)


def test_a_full_disk_below_the_processes(small_disk: SmallDisk, tmp_path: Path) -> None:
    fleet = make_small_fleet(tmp_path / "small", "process", "", small_disk.folder / "state")
    with destroyed(fleet):
        environment = (fleet.folder / PLACE).read_text()
        fleet.write(PLACE, f"{environment}  protection: {{minFreeDisk: 0}}\n")
        fleet.commit("The disk is small on purpose")
        fleet.apply()
        before = fleet.running()
        for pages in ROOM:
            brief(fleet, f"Be brief in {pages} pages.")
            small_disk.leave(pages)
            done = fleet.run("apply", "-e", "production", "--yes", expect=None)
            # 4: what the last one left half started has changed meanwhile
            assert done.code in {0, 1, 4}, f"{pages} pages: {done.out}{done.err}"
            assert done.code != 1 or "no space left on device" in done.out + done.err
            assert "afterwards removed" not in done.out  # a failed try leaves nothing half made
            assert len(fleet.running()) >= 1  # what served goes on
            status = fleet.run("status", "-e", "production", "--json").json
            assert status["unreachable"] == []  # what runs can be seen all the same
            small_disk.clear()
            if done.code == 1 and pages == ROOM[0]:
                assert fleet.running() == before
        fleet.apply()
        converged(fleet, small_disk.folder)


def test_a_full_disk_below_the_repository(small_disk: SmallDisk, tmp_path: Path) -> None:
    fleet = make_small_fleet(small_disk.folder / "small", "process", "", tmp_path / "state")
    with destroyed(fleet):
        fleet.apply()
        for pages in ROOM:
            brief(fleet, f"Be brief in {pages} pages.")
            small_disk.leave(pages)
            done = fleet.run("apply", "-e", "production", "--yes", expect=None)
            small_disk.clear()
            assert done.code in {0, 1}, f"{pages} pages: {done.out}{done.err}"
            history = fleet.run("history", "-e", "production", "--json").json["rollouts"]
            assert {one["outcome"] for one in history} <= {"succeeded", "failed", "running"}
            fleet.apply()
            converged(fleet, small_disk.folder)
        fleet.git("fsck", "--strict")


def converged(fleet: SmallFleet, disk: Path) -> None:
    """One replica of the newest commit, nothing in quarantine, nothing half made."""
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    (alpha,) = fleet.run("status", "-e", "production", "--json").json["instances"]
    assert [one["commit"] for one in alpha["replicas"]] == [fleet.git("rev-parse", "HEAD")]
    assert len(fleet.running()) == 1
    assert list(disk.rglob(".half.*")) == []
    assert list(disk.rglob("refs/agentgit/**/*.lock")) == []

"""A shell script that knows exit codes and nothing else does the whole job."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentgit.errors import Exit
from tests.scenarios.conftest import SmallFleet, destroyed, make_small_fleet

SCRIPT = Path(__file__).with_name("by_exit_codes.sh")
BREAK = """\
#!{python}
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.scenarios.conftest import _kill
_kill(Path({folder!r}))
"""
UNSEEN = {Exit.WAITING, Exit.BUG, Exit.INTERRUPTED}


@pytest.fixture
def new_fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    """A fleet of which nothing runs yet."""
    made = make_small_fleet(tmp_path / "small", "process", "", tmp_path / "state")
    with destroyed(made):
        yield made


@pytest.mark.xdist_group("process")
def test_the_whole_job_by_exit_codes_alone(new_fleet: SmallFleet, tmp_path: Path) -> None:
    assert "$(" not in SCRIPT.read_text(), "the script must not read what agentgit says"
    by_hand, seen = tmp_path / "break", tmp_path / "seen"
    by_hand.write_text(
        BREAK.format(
            python=sys.executable,
            root=str(Path(__file__).parents[2]),
            folder=str(new_fleet.state / new_fleet.project_id),
        )
    )
    by_hand.chmod(0o755)
    words = {"BREAK": str(by_hand), "SEEN": str(seen), "HOLD": str(new_fleet.hold)}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(SCRIPT)], cwd=new_fleet.folder, env=new_fleet.environment() | words
        | {"PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    assert "Traceback" not in said, said
    assert {int(line) for line in seen.read_text().split()} == set(Exit) - UNSEEN
    assert new_fleet.running() == {}

"""The command line on a machine whose clock was set back, or is behind that of somebody else."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Done, SmallFleet

AN_HOUR_AGO = """
import sys
from datetime import UTC, datetime, timedelta
from agentgit.cli.main import run
from agentgit.execute.clock import SystemClock
SystemClock.now = lambda _: datetime.now(UTC) - timedelta(hours=1)
sys.exit(run(sys.argv[1:]))
"""


def run_earlier(fleet: SmallFleet, *words: str) -> Done:
    """Run agentgit with a clock that is an hour behind."""
    with fleet.background(*words, program=("-c", AN_HOUR_AGO)) as process:
        done = process.end()
    assert done.code == 0, done.err
    return done


@pytest.mark.xdist_group("process")
def test_a_fleet_is_destroyed_and_comes_back(small_fleet: SmallFleet) -> None:
    run_earlier(small_fleet, "destroy", "-e", "production", "--yes")
    assert not small_fleet.running()
    again = run_earlier(small_fleet, "destroy", "-e", "production", "--yes")
    assert "nothing" in again.out.lower(), again.out
    run_earlier(small_fleet, "apply", "-e", "production", "--yes")
    assert len(small_fleet.running()) == 1
    rollouts = small_fleet.run("history", "--json").json["rollouts"]
    assert [one["kind"] for one in rollouts] == ["apply", "destroy", "apply"]
    assert sorted((one["id"] for one in rollouts), reverse=True) == [one["id"] for one in rollouts]
    assert all(one["finishedAt"] >= one["startedAt"] for one in rollouts)

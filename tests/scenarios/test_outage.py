"""A Docker engine that is stopped and started in the middle of a rollout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines.fixtures import SCRIPT, Engine
from tests.scenarios.conftest import WORKER, SmallFleet, make_small_fleet
from tests.waiting import await_end

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.xdist_group("outage")]
APPLY = ("apply", "-e", "production", "--yes", "--verbose")


@dataclass
class OwnEngine:
    """A Docker engine that nobody else uses."""

    root: Path
    url: str = ""

    def start(self) -> None:
        done = subprocess.run(
            [str(SCRIPT), "up", str(self.root)], capture_output=True, text=True, check=True
        )
        self.url = dict(line.split("=", 1) for line in done.stdout.splitlines())[
            "AGENTGIT_TEST_DOCKER"
        ]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the daemon as a service manager does, or as a crash, and wait for its end."""
        pid = int((self.root / "docker" / "pid").read_text())
        os.kill(pid, how)
        await_end(pid)

    def purge(self) -> None:
        subprocess.run([str(SCRIPT), "down", str(self.root), "--purge"], check=True)


@pytest.fixture(scope="module")
def own_engine(docker_engine: Engine) -> Iterator[OwnEngine]:
    """Another engine beside the shared one, with the same cache of images."""
    shared = Path(docker_engine.url.removeprefix("unix://")).parents[1]
    root = Path(tempfile.mkdtemp(prefix="agentgit-outage-"))
    if (shared / "cache").is_dir():
        shutil.copytree(shared / "cache", root / "cache")
    engine = OwnEngine(root)
    try:
        engine.start()
        yield engine
    finally:
        engine.purge()


@pytest.fixture
def outage_fleet(own_engine: OwnEngine, tmp_path: Path) -> Iterator[SmallFleet]:
    made = make_small_fleet(tmp_path / "fleet", "docker", own_engine.url, tmp_path / "state")
    made.edit("global/agents/worker.yaml", "replicas: 1", "replicas: 4")
    made.commit("Four of them")
    made.apply()
    made.write("global/prompts/worker.md", "Be brief.\n")
    made.commit("Be brief.")
    yield made
    own_engine.start()
    made.destroy()


def ends_well(fleet: SmallFleet) -> None:
    """Four replicas of the new commit, no double, nothing left to do."""
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    (alpha,) = fleet.run("status", "--json").json["instances"]
    assert len(alpha["replicas"]) == len(fleet.running()) == 4
    assert {one["commit"] for one in alpha["replicas"]} == {fleet.git("rev-parse", "HEAD")}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_short_outage_is_survived(
    own_engine: OwnEngine, outage_fleet: SmallFleet, how: signal.Signals
) -> None:
    with outage_fleet.background(*APPLY) as apply:
        apply.until("wave 2 of 4")
        own_engine.stop(how)
        own_engine.start()
        done = apply.end()
    # A container that Docker was starting when it ended can never be started again by it.
    assert done.code in {0, 1}, done.err
    done.has("trying again in")
    outage_fleet.apply()  # and one that it stopped as it came back is started again
    ends_well(outage_fleet)


def test_replicas_that_an_engine_stops_with_itself_are_not_blamed(
    own_engine: OwnEngine, outage_fleet: SmallFleet
) -> None:
    """Docker stops them first, and answers the connections it has until the last one is down."""
    outage_fleet.edit(WORKER, "minHealthyTime: 200ms", "minHealthyTime: 3s, maxSurge: 4")
    outage_fleet.commit("Watched for a while")
    with outage_fleet.background(*APPLY) as apply:
        apply.until("waiting until healthy")
        own_engine.stop()
        own_engine.start()
        done = apply.end()
    assert done.code == 0, done.err
    done.has("trying again in")
    ends_well(outage_fleet)
    rollouts = outage_fleet.run("history", "--json").json["rollouts"]
    assert [one["outcome"] for one in rollouts] == ["succeeded", "succeeded"]


def test_a_long_outage_ends_the_rollout_and_the_next_apply_goes_on(
    own_engine: OwnEngine, outage_fleet: SmallFleet
) -> None:
    with outage_fleet.background(*APPLY) as apply:
        apply.until("wave 2 of 4")
        own_engine.stop()
        done = apply.end()
    assert done.code == 1, done.err
    done.has("trying again in", "agentgit apply -e production", "what runs on local is unknown")
    assert "missing" not in done.err
    unreachable = outage_fleet.apply(expect=1)
    unreachable.says("local of production cannot be reached", "nothing was changed")
    own_engine.start()
    outage_fleet.apply()
    ends_well(outage_fleet)
    (last, *older) = outage_fleet.run("history", "--json").json["rollouts"]
    assert last["outcome"] == "succeeded"
    assert [one["outcome"] for one in older] == ["failed", "succeeded"]

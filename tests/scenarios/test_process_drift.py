"""What somebody changed by hand of a process is drift, and is set right."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.scenarios.conftest import WORKER, SmallFleet


@pytest.mark.xdist_group("process")
def test_a_limit_that_somebody_changed(small_fleet: SmallFleet) -> None:
    fleet = small_fleet
    assert fleet.run("status", "--json").json["instances"][0]["replicas"][0]["unverified"] is False
    limits = "    deploy: {resources: {limits: {memory: 512m}}}\n    stop_grace_period"
    fleet.edit(WORKER, "    stop_grace_period", limits)
    fleet.commit("A limit")
    fleet.apply()
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    ((name, pid),) = fleet.running().items()
    resource.prlimit(int(pid), resource.RLIMIT_DATA, (256 << 20, 512 << 20))

    drift = fleet.run("drift", expect=2).out
    assert f"somebody changed memory 512m -> 256m of {name}" in drift
    (change,) = fleet.run("drift", "--json", expect=2).json["changes"]
    assert [one["kind"] for one in change["causes"]] == ["drift"]
    (replica,) = fleet.run("status", "--json").json["instances"][0]["replicas"]
    assert replica["changedByHand"] == ["memory"]

    fleet.apply()
    assert name not in fleet.running()
    fleet.run("drift")
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")


def edit(path: Path) -> None:
    path.chmod(0o600)
    path.write_text(path.read_text() + "\n")


@pytest.mark.xdist_group("process")
def test_files_that_somebody_edited(small_fleet: SmallFleet) -> None:
    fleet = small_fleet
    (name,) = fleet.running()
    (config,), (program,) = fleet.state.rglob("agent.json"), fleet.state.rglob("agent.py")
    edit(config)
    edit(program)
    for words, code in ((("plan",), 0), (("drift",), 2)):
        said = fleet.run(*words, expect=code).out
        assert f"somebody changed agent.json, source/agent.py of {name}" in said
    (replica,) = fleet.run("status", "--json").json["instances"][0]["replicas"]
    assert replica["changedByHand"] == ["agent.json", "source/agent.py"]

    fleet.apply()
    assert name not in fleet.running()
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    (program,) = (path for path in fleet.state.rglob("agent.py") if path != program)
    assert program.read_text() == (fleet.folder / "agents/agent.py").read_text()


@pytest.mark.xdist_group("process")
def test_files_of_which_nobody_noted_what_they_were(small_fleet: SmallFleet) -> None:
    fleet = small_fleet
    running = fleet.running()
    (program,) = fleet.state.rglob("agent.py")
    edit(program)
    (note,) = fleet.state.rglob("exported/*.json")
    note.unlink()
    assert "1 replica is unverified" in fleet.run("drift").out
    assert fleet.run("drift", "--json").json["unverified"] == list(running)

    fleet.apply()
    assert fleet.running() == running
    assert fleet.run("drift").out.startswith("No drift in production")
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")

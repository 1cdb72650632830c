"""Process hosts that get another name or another folder, the ways that hints and README name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.conftest import ALPHA, PLACE, SmallFleet

pytestmark = pytest.mark.xdist_group("process")


def test_a_host_with_another_name_is_the_same_host(small_fleet: SmallFleet) -> None:
    fleet, runs = small_fleet, small_fleet.running()
    fleet.edit(PLACE, "{local: ", "{desk: ")
    fleet.commit("Another name")
    plan = fleet.plan("--detailed-exitcode", expect=2).out
    assert "hosts.desk.engine" in plan
    assert "\nNo replica of production changes." in plan
    fleet.apply()
    fleet.run("status").has("  desk  process ", "1 of 1 serving")
    fleet.run("drift")
    assert fleet.running() == runs
    fleet.run("destroy", "-e", "production", "--yes")
    assert fleet.running() == {}
    fleet.apply()
    (config,) = fleet.state.rglob("agent.json")
    assert config.parents[2].name == "local", "where its volumes are"
    fleet.run("destroy", "-e", "production", "--yes")


def test_the_way_to_another_folder(small_fleet: SmallFleet, tmp_path: Path) -> None:
    fleet, runs = small_fleet, small_fleet.running()
    moved = f"{{local: {{engine: process, endpoint: {tmp_path / 'other'}}}}}"
    fleet.edit(PLACE, "{local: {engine: process}}", moved)
    fleet.commit("Another folder")
    fleet.plan(expect=7).says(
        "to move it, add the new one under a second name, give that a label, name it in "
        "placement.matchLabels of the instances and apply, then remove local"
    )
    second = f"desk: {{engine: process, endpoint: {tmp_path / 'other'}, labels: {{at: desk}}}}"
    fleet.edit(PLACE, moved, f"{{local: {{engine: process}}, {second}}}")
    fleet.edit(ALPHA, "agent: worker", "agent: worker\n  placement: {matchLabels: {at: desk}}")
    fleet.commit("A second name, and a label")
    fleet.apply().has("slot 1 moves from local to desk")
    fleet.edit(PLACE, "local: {engine: process}, ", "")
    fleet.commit("Without the old place")
    fleet.apply()
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    (program,) = (tmp_path / "other").rglob("agent.json")
    assert program.parent.name not in runs
    fleet.run("destroy", "-e", "production", "--yes")


def test_logs_say_what_is_not_known(small_fleet: SmallFleet, tmp_path: Path) -> None:
    fleet = small_fleet
    fleet.edit(
        PLACE, "{local: {engine: process}}", "{local: {engine: process}, desk: {engine: process}}"
    )
    fleet.edit(ALPHA, "agent: worker", "agent: worker\n  scale: {replicas: 2}")
    fleet.commit("Two places")
    fleet.apply()
    assert len(fleet.running()) == 2
    folder = fleet.state / fleet.project_id / "desk"
    folder.rename(tmp_path / "aside")
    unknown = "desk is not the host that carries replicas of production"
    for words, code in (((), 0), (("--slot", "1"), 0), (("--slot", "2"), 1)):
        assert unknown in fleet.run("logs", "alpha", *words, expect=code).err
    (tmp_path / "aside").rename(folder)
    fleet.run("destroy", "-e", "production", "--yes")

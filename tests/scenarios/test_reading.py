"""What only reads: behind a proxy that lets nothing but GET and HEAD through to the engine."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.scenarios.conftest import PLACE, SmallFleet
from tests.scenarios.recording_proxy import RecordingProxy, is_write, recording
from tests.scenarios.test_lease import PROMPT, QuickFleet, quicken

HERE = ("-e", "production")


@contextmanager
def reading(containers: SmallFleet) -> Iterator[tuple[QuickFleet, QuickFleet, RecordingProxy]]:
    """The fleet, and the same fleet seen through the proxy."""
    fleet = quicken(containers)
    variable = "CONTAINER_HOST" if fleet.kind == "podman" else "DOCKER_HOST"
    fleet.edit(PLACE, f', endpoint: "{fleet.url}"', "")
    fleet.engine = {variable: fleet.url}
    fleet.commit("Wherever the engine is")
    with (
        tempfile.TemporaryDirectory() as folder,
        recording(fleet.url, Path(folder) / "proxy.sock") as proxy,
    ):
        proxy.refuses = is_write
        reader = quicken(fleet)
        reader.engine = {variable: proxy.url}
        yield fleet, reader, proxy


def read_everything(reader: QuickFleet) -> None:
    """Run every command that only reads."""
    reader.run("plan", *HERE, "--detailed-exitcode", expect=2)
    reader.run("plan", *HERE, "--out", "change.plan", "--json")
    reader.run("show", "change.plan")
    reader.run("diff", "HEAD~1")
    shown = reader.run("status", *HERE, "--json").json
    assert reader.run("drift", *HERE, expect=None).code in {0, 2}
    reader.run("why", shown["instances"][0]["replicas"][0]["name"], *HERE)
    found = reader.run("history", *HERE, "--json").json["rollouts"]
    reader.run("history", "show", found[0]["id"], *HERE)
    reader.run("lock", "show", *HERE)
    reader.run("logs", "alpha", *HERE)
    reader.run("doctor", expect=None)


def test_nothing_is_sent_but_questions(small_containers: SmallFleet) -> None:
    with reading(small_containers) as (fleet, reader, proxy):
        fleet.change("Be brief.")
        read_everything(reader)
        with fleet.applying() as killed:  # what it leaves on the host is not touched either
            killed.until("wave 1")
            killed.end(signal.SIGKILL)
        read_everything(reader)
        assert proxy.refused == []
        assert len(proxy.calls) > 50
        refused = reader.apply(expect=None)  # the proxy does refuse
        assert refused.code == 1
        assert proxy.refused
        fleet.apply("--lock-timeout", "30s")


def test_a_saved_plan_is_refused_after_one_change_by_hand(small_containers: SmallFleet) -> None:
    import docker

    fleet = small_containers
    fleet.write(PROMPT, "Be brief.\n")
    fleet.commit("Be brief.")
    fleet.plan("--out", "change.plan")
    ((name, container),) = fleet.running().items()
    client = docker.APIClient(base_url=fleet.url, timeout=30)
    try:
        if fleet.kind == "docker":
            client.update_container(container, mem_limit="64m", memswap_limit="64m")
            moved = f"local: {name}: memory unset -> 64m"
        else:
            client.stop(container, timeout=1)
            moved = f"local: {name}: running -> exited"
        stale = fleet.run("apply", "change.plan", "--yes", expect=4)
        stale.says("what runs in production has changed since this plan was saved", moved)
        fleet.run("drift", *HERE, expect=2).has("memory" if fleet.kind == "docker" else "ended")
        assert set(fleet.running().values()) <= {container}
    finally:
        client.close()
    fleet.plan("--out", "change.plan")
    fleet.run("apply", "change.plan", "--yes")
    fleet.run("drift", *HERE)
    fleet.plan("--detailed-exitcode")


def test_a_saved_plan_goes_on_after_it_was_killed(small_fleet: SmallFleet) -> None:
    fleet = quicken(small_fleet)
    fleet.write(PROMPT, "Be brief.\n")
    first = fleet.commit("Be brief.")
    fleet.plan("--out", "change.plan")
    before = set(fleet.running().values())
    fleet.hold.touch()
    with fleet.quick("apply", "change.plan", "--yes", "--verbose") as killed:
        killed.await_condition(lambda: set(fleet.running().values()) != before, "a new one")
        killed.end(signal.SIGKILL)
    fleet.hold.unlink()
    fleet.commit("Only words")
    with fleet.quick("apply", "change.plan", "--yes", "--lock-timeout", "30s") as again:
        done = again.end()
    assert done.code == 0, done
    assert "this goes on with it" in done.out
    rollouts = fleet.run("history", "--json").json["rollouts"]
    digest = json.loads((fleet.folder / "change.plan").read_text())["digest"]
    assert [(one["savedPlan"], one["outcome"], one["commit"]) for one in rollouts[:2]] == [
        (digest, "succeeded", first),
        (digest, "interrupted", first),
    ]
    assert not before & set(fleet.running().values())
    fleet.run("apply", "change.plan", "--yes", expect=4).says("was carried out already")

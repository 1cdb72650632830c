"""No noise after a restart of the engine: only what does not run any more is different."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from tests.corpus.judging import Blocks, batch_blocks, expect_nothing
from tests.corpus.project import Project, make_project
from tests.engines.own import OwnEngine
from tests.waiting import await_condition

pytestmark = pytest.mark.slow
SAMPLE = 6
AT_BOOT = {"docker": {"always", "unless-stopped"}, "podman": {"always"}}


def test_only_what_does_not_run_any_more_is_different(engine: OwnEngine, tmp_path: Path) -> None:
    project = make_project(tmp_path / "restarted", engine.kind, engine.url)
    client = docker.APIClient(base_url=engine.url, timeout=60)
    for blocks in batch_blocks(SAMPLE):
        project.set_instances(blocks)
        project.apply()
        before = project.containers(client)
        engine.restart(live_restore=True)
        assert _find_ended(client, before) == set()
        expect_nothing(project.plan(), "after a restart that let the containers run", blocks)
        _restart_with_containers(engine, client, before)
        _await_boot(engine, client, before, blocks)
        _expect_stopped(project, _find_ended(client, before), blocks)
        project.apply()
        assert project.containers(client) == before
        expect_nothing(project.plan(), "after what had ended was started again", blocks)
    client.close()


def _restart_with_containers(
    engine: OwnEngine, client: docker.APIClient, containers: dict[str, str]
) -> None:
    """Restart the engine as a reboot does: Podman leaves its containers to the system."""
    if engine.kind == "podman":
        for key in containers.values():
            client.stop(key, timeout=1)
    engine.restart()
    if engine.kind == "podman":  # what podman-restart.service does
        for key in containers.values():
            policy = client.inspect_container(key)["HostConfig"]["RestartPolicy"]
            if policy["Name"] in AT_BOOT["podman"]:
                client.start(key)


def _await_boot(
    engine: OwnEngine, client: docker.APIClient, containers: dict[str, str], blocks: Blocks
) -> None:
    back = {name for name, block in blocks.items() if block["restart"] in AT_BOOT[engine.kind]}
    await_condition(
        lambda: not back & _find_ended(client, containers), "the containers that come back"
    )
    assert back
    assert back != set(blocks)


def _find_ended(client: docker.APIClient, containers: dict[str, str]) -> set[str]:
    return {
        name
        for name, key in containers.items()
        if client.inspect_container(key)["State"]["Status"] != "running"
    }


def _expect_stopped(project: Project, ended: set[str], blocks: Blocks) -> None:
    plan = project.plan()
    said = {one.instance: one for one in plan.changes if one.kind != "keep"}
    assert set(said) == ended, [said[name].causes for name in set(said) - ended]
    assert {name for name, block in blocks.items() if block["restart"] == "no"} <= ended
    for name in ended:
        assert [one.kind for one in said[name].causes] == ["stopped"], said[name]
        assert "has ended with exit code" in said[name].causes[0].detail
    assert not plan.unverified

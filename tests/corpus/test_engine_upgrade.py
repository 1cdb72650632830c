"""No noise after an upgrade of the engine, and what somebody changed by hand is still said.

A newer engine on the data of the older one, taken from the next release of Debian.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from tests.corpus.hands import BLOCK, EVERYWHERE, FOREIGN, ON_DOCKER, Hand
from tests.corpus.judging import BATCH, Blocks, expect_nothing, name_blocks
from tests.corpus.project import Project, make_project
from tests.engines.own import OwnEngine
from tests.waiting import await_condition

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("CORPUS"), reason="make corpus upgrades the engines"),
]
PASSING = {"kill", "pause", "stop"}  # a restart of the engine undoes it, or does it to all
Hands = Mapping[str, tuple[Hand, str, str]]


def test_an_upgrade_of_the_engine_is_no_drift_and_hides_none(
    engine: OwnEngine, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "upgraded", engine.kind, engine.url)
    client = docker.APIClient(base_url=engine.url, timeout=60)
    client.create_network(FOREIGN, driver="bridge")
    after = EVERYWHERE | (ON_DOCKER if engine.kind == "docker" else {})
    before = {name: hand for name, hand in after.items() if name not in PASSING}
    blocks = _declare(engine, before, after)
    project.set_instances(blocks)
    project.apply()
    expect_nothing(project.plan(), "right after the apply", blocks)
    old = client.version()["Version"]
    expected = _do("before", before, project, client)
    engine.upgrade()
    assert client.version()["Version"] != old
    _await_boot(project, client)
    _expect(project, expected)
    _restart_untouched(project, client)
    _expect(project, expected)
    expected |= _do("after", after, project, client)
    _expect(project, expected)
    project.apply()
    expect_nothing(project.plan(), "after an apply on the newer engine", blocks)
    client.close()


def _declare(engine: OwnEngine, before: Hands, after: Hands) -> Blocks:
    """Have a replica for everything that is done, and those of the corpus, which nobody touches.

    Docker ends all of them with itself, Podman none.
    """
    back = {"restart": "unless-stopped" if engine.kind == "docker" else "no"}
    corpus = name_blocks(BATCH)
    named = [*(f"before-{name}" for name in before), *(f"after-{name}" for name in after)]
    return {name: block | back for name, block in corpus.items()} | dict.fromkeys(
        named, BLOCK | back
    )


def _do(when: str, hands: Hands, project: Project, client: docker.APIClient) -> Hands:
    """Change one replica with each hand, and give the hands by the instances of these."""
    found = project.containers(client)
    for name, (change, _, _) in hands.items():
        change(client, found[f"{when}-{name}"])
    return {f"{when}-{name}": hand for name, hand in hands.items()}


def _await_boot(project: Project, client: docker.APIClient) -> None:
    found = project.containers(client).values()
    await_condition(
        lambda: all(client.inspect_container(key)["State"]["Running"] for key in found),
        "the containers on the newer engine",
    )


def _restart_untouched(project: Project, client: docker.APIClient) -> None:
    keys = [key for name, key in project.containers(client).items() if name.startswith("c")]
    assert len(keys) == BATCH
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: client.restart(key, timeout=1), keys))


def _expect(project: Project, hands: Hands) -> None:
    plan = project.plan()
    said = {
        one.instance: " ".join(cause.detail for cause in one.causes)
        for one in plan.changes
        if one.kind != "keep"
    }
    assert said.keys() == hands.keys(), {key: said.get(key) for key in said.keys() ^ hands.keys()}
    for name, (_, words, _) in hands.items():
        assert words in said[name], (name, said[name])

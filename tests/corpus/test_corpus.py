"""No noise: what was just applied is never different, whatever was asked for.

A seeded sample in the tests, all of it with `make corpus` (CORPUS=200).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import pytest

from agentgit.model.plan import Plan
from tests.corpus.fields import count_pairs, make_configurations
from tests.corpus.project import Project, make_project

SAMPLE = 24
BATCH = 24
NUMBER = int(os.environ.get("CORPUS") or SAMPLE)
pytestmark = pytest.mark.slow


@pytest.fixture(
    params=[
        pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
        pytest.param("podman", marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
    ]
)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    url = request.getfixturevalue(f"{request.param}_engine").url
    made = make_project(tmp_path / "corpus", request.param, url)
    yield made
    made.sweep()


def test_the_whole_corpus_has_all_pairs() -> None:
    covered, there = count_pairs(200)
    assert covered == there


def test_a_plan_after_an_apply_is_empty(project: Project) -> None:
    named = {f"c{at:03}": block for at, block in enumerate(make_configurations(NUMBER))}
    for names in _batched(list(named)):
        project.set_instances({name: named[name] for name in names})
        project.apply()
        _expect_nothing(project.plan(), "right after the apply", named)
        _restart_all(project)
        _expect_nothing(project.plan(), "after a restart of every container", named)
        project.forget_baselines()
        lost = project.plan()
        assert lost.is_empty
        assert len(lost.unverified) == len(names)
        project.apply()
        _expect_nothing(project.plan(), "after a lost baseline", named)


def _batched(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), BATCH):
        yield names[start : start + BATCH]


def _restart_all(project: Project) -> None:
    client = docker.APIClient(base_url=project.url, timeout=60)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: client.restart(one, timeout=1), _ids(project, client)))
    client.close()


def _ids(project: Project, client: docker.APIClient) -> list[str]:
    return sorted(project.containers(client).values())


def _expect_nothing(plan: Plan, when: str, blocks: dict[str, Any]) -> None:
    changed = {
        one.instance: ([cause.detail for cause in one.causes], blocks[one.instance])
        for one in plan.changes
        if one.kind != "keep"
    }
    assert not changed, when
    assert plan.is_empty, when
    assert not plan.unverified, when

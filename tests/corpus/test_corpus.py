"""No noise: what was just applied is never different, whatever was asked for.

A seeded sample in the tests, all of it with `make corpus` (CORPUS=200).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import docker
import pytest

from tests.corpus.fields import count_pairs
from tests.corpus.judging import batch_blocks, expect_nothing
from tests.corpus.project import Project

SAMPLE = 24
pytestmark = pytest.mark.slow


def test_the_whole_corpus_has_all_pairs() -> None:
    covered, there = count_pairs(200)
    assert covered == there


def test_a_plan_after_an_apply_is_empty(project: Project) -> None:
    for blocks in batch_blocks(SAMPLE):
        project.set_instances(blocks)
        project.apply()
        expect_nothing(project.plan(), "right after the apply", blocks)
        _restart_all(project)
        expect_nothing(project.plan(), "after a restart of every container", blocks)
        project.forget_baselines()
        lost = project.plan()
        assert lost.is_empty
        assert len(lost.unverified) == len(blocks)
        project.apply()
        expect_nothing(project.plan(), "after a lost baseline", blocks)


def _restart_all(project: Project) -> None:
    client = docker.APIClient(base_url=project.url, timeout=60)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: client.restart(one, timeout=1), _ids(project, client)))
    client.close()


def _ids(project: Project, client: docker.APIClient) -> list[str]:
    return sorted(project.containers(client).values())

"""The engines that containers of the corpus run on, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.project import Project, make_project
from tests.engines.own import OwnEngine, own_engine

KINDS = [
    pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
    pytest.param("podman", marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
]


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project on the shared engine; afterwards nothing of it is there."""
    url = request.getfixturevalue(f"{request.param}_engine").url
    made = make_project(tmp_path / "corpus", request.param, url)
    yield made
    made.sweep()


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest) -> Iterator[OwnEngine]:
    """An engine that is the test's own, to be ended and started again."""
    with own_engine(request.param) as started:
        yield started

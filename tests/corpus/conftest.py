"""The engines that containers of the corpus run on, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.project import Project, make_project


@pytest.fixture(
    params=[
        pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
        pytest.param("podman", marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
    ]
)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project on the shared engine; afterwards nothing of it is there."""
    url = request.getfixturevalue(f"{request.param}_engine").url
    made = make_project(tmp_path / "corpus", request.param, url)
    yield made
    made.sweep()

"""Real SIGKILL: the command line is ended at chosen moments, and the same command repairs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.sigkill import WORKER, change, choose, choose_answers, launch, play
from tests.scenarios.conftest import (
    SmallFleet,
    destroyed,
    make_small_fleet,
    small_containers,
)

__all__ = ["small_containers"]  # a fixture
APPLY = ("apply", "-e", "production", "--yes")


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[SmallFleet]:
    """Two processes that run."""
    made = make_small_fleet(tmp_path / "small", "process", "", tmp_path / "state")
    made.edit(WORKER, "replicas: 1", "replicas: 2")
    made.commit("Two replicas")
    with destroyed(made):
        made.apply()
        yield made


@pytest.mark.slow
@pytest.mark.xdist_group("process")
def test_processes_survive_kills(processes: SmallFleet, crash_points: int) -> None:
    change(processes, 0)
    code, said, moments = launch(processes, "-1", *APPLY)
    assert code == 0, said
    wrong = play(processes, choose(moments, crash_points), APPLY, least=2)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_containers_survive_kills(small_containers: SmallFleet, crash_points: int) -> None:
    """Before requests that change something, and after answers that nobody reads."""
    fleet = small_containers
    change(fleet, 0)
    code, said, moments = launch(fleet, "-1", *APPLY)
    assert code == 0, said
    points = choose(moments, crash_points // 2) + choose_answers(moments, crash_points // 2)
    wrong = play(fleet, points, APPLY, least=1)
    assert not wrong, "\n".join(wrong)

"""How thoroughly: the matrix is whole with `make crash`, and sampled in `make test`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.crash.mortal import silent_deaths


@pytest.fixture(autouse=True)
def _silent_deaths() -> Iterator[None]:
    with silent_deaths():
        yield


@pytest.fixture
def crash_points() -> int:
    """How many moments a real command is killed at."""
    return int(os.environ.get("CRASH_POINTS", "4"))

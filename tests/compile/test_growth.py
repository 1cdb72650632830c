"""What instances share is looked at once: the work grows in step with files, no faster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from agentgit.compile.lint import lint_project
from agentgit.model.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]
SIZE = 30
LOOKING = ("lint.py", "lint_overrides.py", "lint_use.py", "merge.py", "origins.py")
LAYER = "environments/production/defaults.yaml"
DEFAULTS = "kind: AgentDefaults\nmetadata: {name: defaults}\nspec:\n  config:\n"
INSTANCES = {
    "a value of its own": "  config: {a1: own-#}\n",
    "a value removed": "  config: {a1: ~}\n",
    "a block replaced": "  config: {block: !replace {b: #}}\n",
    "another model": "  model: {id: m-#-2026-01-01}\n",
}


def fleet(size: int, says: str) -> dict[str, str]:
    """So many instances over a layer of ten times as many values."""
    values = "".join(f"    a{number}: v\n" for number in range(10 * size))
    instances = {
        f"environments/production/instances/i-{number}.yaml": (
            f"kind: Instance\nmetadata: {{name: i-{number}}}\nspec:\n  agent: support\n"
            + says.replace("#", str(number))
        )
        for number in range(size)
    }
    return {LAYER: f"{DEFAULTS}{values}    block: {{b: 0, c: 0}}\n", **instances}


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Count the calls of the functions that look; a compile also writes what it has made."""
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.endswith(LOOKING)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield lambda: calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("says", INSTANCES.values(), ids=INSTANCES)
def test_lint_grows_in_step_with_the_files(make_snapshot: MakeSnapshot, says: str) -> None:
    """Twice as many instances over twice as many values are twice the work, not four times."""
    lint_project(make_snapshot(fleet(1, says)))  # what is done once
    works = []
    for size in (SIZE, 2 * SIZE):
        snapshot = make_snapshot(fleet(size, says))
        with counted() as calls:
            lint_project(snapshot)
        works.append(calls())
    assert works[1] < 2.3 * works[0], works

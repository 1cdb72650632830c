"""What every guard is tested with: a fleet that runs and is known, and a refusal with its way."""

from __future__ import annotations

import pytest

from agentgit.errors import GuardError
from agentgit.model.desired import Desired
from tests.builders import Fleet, Remembered


def applied(desired: Desired) -> Fleet:
    """Run what is desired, and remember it."""
    fleet = Fleet()
    fleet.apply(desired)
    fleet.evidence = Remembered(desired)
    return fleet


def refuse(fleet: Fleet, desired: Desired, guard: str) -> str:
    """Plan, and expect the guard; then expect that its name lets the plan pass."""
    with pytest.raises(GuardError) as caught:
        fleet.plan(desired)
    assert f"--allow {guard}" in (caught.value.hint or "")
    fleet.plan(desired, allow=frozenset({guard}))
    return caught.value.message

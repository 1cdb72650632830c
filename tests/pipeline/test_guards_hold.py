"""The guards of an environment hold for every rollout that somebody asks for."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import GuardError
from tests.pipeline.conftest import AT_LEAST_ONE

STOP_FIRST = """
kind: Instance
metadata: {name: beta}
spec: {agent: support, scale: {replicas: 1}, rollout: {maxSurge: 0, maxUnavailable: 1}}
"""
MEANT = frozenset({"unavailable"})
PROTECTED = "environments/production/environment.yaml:6:30"


@pytest.fixture
def protected(project: Any) -> Any:
    """Two revisions of a replica that stops first, where one has to serve at any time."""
    files = {
        "environments__production__environment": AT_LEAST_ONE,
        "environments__production__instances__beta": STOP_FIRST,
    }
    project.commit("Limits", **files)
    project.apply(allow=MEANT)
    project.prompt("Be brief.")
    project.apply(allow=MEANT)
    return project


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ({}, "let new replicas start first"),
        ({"kind": "restart", "only": ("beta",)}, "apply a commit first: let new replicas"),
        ({"kind": "rollback"}, "the rollout policy of "),
    ],
)
def test_who_must_serve_serves_in_every_rollout(
    protected: Any, words: dict[str, Any], hint: str
) -> None:
    if not words:
        protected.prompt("Be short.")
    before = protected.ids()
    with pytest.raises(GuardError, match="only 0 of 1 replica of beta would serve") as caught:
        protected.apply(**words)
    assert str(caught.value.location) == PROTECTED
    assert (caught.value.hint or "").startswith(hint)
    assert protected.ids() == before
    assert protected.apply(**words, allow=MEANT)[0] == "succeeded"
    assert protected.ids() != before
    assert protected.records()[0].allow == ("unavailable",)


def test_what_starts_first_is_restarted_without_a_word(protected: Any) -> None:
    assert protected.apply(kind="restart", only=("alpha",))[0] == "succeeded"


def test_a_way_back_to_no_limits_is_held_to_those_that_it_leaves(project: Any) -> None:
    files = {"environments__production__instances__beta": STOP_FIRST}
    project.commit("Stop first", **files)
    project.apply()
    project.prompt("Be brief.")
    project.commit("Limits", environments__production__environment=AT_LEAST_ONE)
    project.apply(allow=MEANT)
    with pytest.raises(GuardError, match="minAvailable is 1 until this commit is verified") as one:
        project.apply(kind="rollback")
    assert "; --allow protection: only the limits of that commit count" in (one.value.hint or "")
    assert project.apply(kind="rollback", allow=frozenset({"protection"}))[0] == "succeeded"

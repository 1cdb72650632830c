"""Room on the disk of a host: too little is refused before anything is touched."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import GuardError
from agentgit.model.events import StepFailed
from agentgit.model.steps import CheckRoom

MIB = 1024**2
ENVIRONMENT = """kind: Environment
metadata: {name: production}
spec: {protection: {minFreeDisk: %s}, hosts: {eu-1: {engine: docker}}}
"""


def declare(project: Any, least: str) -> None:
    project.commit("Room", environments__production__environment=ENVIRONMENT % least)


@pytest.mark.parametrize(
    ("least", "room", "said"),
    [
        (None, 511, "511m of disk left, and minFreeDisk of production is 512m"),
        ("1g", 1023, "1023m of disk left, and minFreeDisk of production is 1g"),
        ("2048m", 2047, "1.9g of disk left, and minFreeDisk of production is 2g"),
    ],
)
def test_too_little_is_refused(project: Any, least: str | None, room: int, said: str) -> None:
    if least:
        declare(project, least)
    project.engine.room = room * MIB
    with pytest.raises(GuardError, match=f"eu-1 has {said}") as raised:
        project.plan()
    assert "--allow low-disk" in (raised.value.hint or "")
    assert raised.value.exit_code == 7
    assert project.plan(allow=frozenset({"low-disk"})).plan.prepare
    project.engine.room += MIB
    assert project.apply()[0] == "succeeded"


def test_what_pulls_leave_counts_too(project: Any) -> None:
    """Nobody tells how large an image is: when all are there, it is looked at once more."""
    project.engine.registry["acme/agent:1"] = f"sha256:{'1' * 64}"
    project.engine.room, project.engine.image_size = 600 * MIB, 100 * MIB
    session = project.plan()
    assert session.plan.prepare[-1] == CheckRoom(host="eu-1", least=512 * MIB)
    outcome, events = project.run(session)
    assert outcome == "failed"
    (failed,) = (one.failure for one in events if isinstance(one, StepFailed))
    assert failed.message == "500m of disk is left, and minFreeDisk is 512m"
    assert (failed.fault, failed.step) == ("world", "check-room")
    assert project.replicas() == []
    assert project.apply(allow=frozenset({"low-disk"}))[0] == "succeeded"


def test_what_brings_nothing_needs_no_room(project: Any) -> None:
    project.apply()
    project.engine.room = MIB
    assert project.plan().plan.is_empty
    project.commit("Less", environments__production__instances__beta=None)
    assert project.apply()[0] == "succeeded"
    assert project.apply(kind="destroy")[0] == "succeeded"


def test_nothing_declared_and_nothing_known_is_not_worth_a_word(project: Any) -> None:
    plan = project.plan().plan
    assert plan.unknown_room == ()
    assert not [one for one in plan.prepare if isinstance(one, CheckRoom)]


def test_what_was_declared_and_cannot_be_checked_is_said(project: Any) -> None:
    declare(project, "2g")
    assert project.plan().plan.unknown_room == ("eu-1",)
    assert project.apply()[0] == "succeeded"


def test_none_is_wanted(project: Any) -> None:
    declare(project, '"0"')
    project.engine.room = 0
    plan = project.plan().plan
    assert plan.unknown_room == ()
    assert not [one for one in plan.prepare if isinstance(one, CheckRoom)]
    assert project.apply()[0] == "succeeded"


def test_a_status_is_no_plan(project: Any) -> None:
    project.engine.room = 0
    assert project.records() == ()


@pytest.mark.parametrize("words", [{"kind": "rollback"}, {"kind": "restart", "only": ("beta",)}])
def test_going_back_and_a_restart_are_held_to_it_too(project: Any, words: dict[str, Any]) -> None:
    project.apply()
    project.prompt("Second.")
    project.apply()
    project.engine.room = 0
    with pytest.raises(GuardError, match="eu-1 has 0m of disk left"):
        project.apply(**words)
    assert project.apply(**words, allow=frozenset({"low-disk"}))[0] == "succeeded"

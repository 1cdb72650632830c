"""A rollout packed here and brought back elsewhere: the same commits, or else the same words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentgit.model.events import Event, WaveDone
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.record.ledger import GitLedger
from agentgit.record.milestone import name_ref

Run = Callable[..., str]
Write = Callable[..., str]
Make = Callable[..., RolloutRecord]
Ledger = Callable[..., GitLedger]
PROJECT = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"
END = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)
EVENTS: tuple[Event, ...] = (WaveDone(number=1), WaveDone(number=2))


def end(record: RolloutRecord, outcome: str = "succeeded", **more: Any) -> RolloutRecord:
    return record.model_copy(update={"outcome": outcome, "finished_at": END, **more})


def a_plan(commit: str) -> Plan:
    return Plan(
        project_id=PROJECT, project="acme", environment="production",
        commit=Commit(sha=commit), intent_digest="i", observed_digest="o",
    )  # fmt: skip


def tip(git: Run, folder: Path, record: RolloutRecord) -> str:
    return git(folder, "rev-parse", name_ref("production", record.id))


@pytest.fixture
def clone(tmp_path: Path, repository: Path, git: Run) -> Callable[..., Path]:
    def make(name: str = "clone", *options: str) -> Path:
        git(tmp_path, "clone", "-q", *options, f"file://{repository}", name)
        return tmp_path / name

    return make


Clone = Callable[..., Path]


def test_what_comes_back_has_the_same_ids(
    repository: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    begun = record(commit=head, reason="Ünïcode\n\nand more")
    here, there = ledger(repository), ledger(clone())
    here.begin(begun, a_plan(head))
    first = here.export("production", begun.id)
    assert there.restore(first) == begun
    here.note(begun, EVENTS[:1], END)
    here.finish(end(begun), EVENTS)
    assert there.restore(here.export("production", begun.id)) == end(begun)
    folder = repository.parent / "clone"
    assert tip(git, folder, begun) == tip(git, repository, begun)
    assert there.plan("production", begun.id) == a_plan(head)
    assert there.events("production", begun.id) == EVENTS
    reach = f"{head}..{name_ref('production', begun.id)}"
    assert git(folder, "rev-list", "--count", "--first-parent", reach) == "3"
    git(folder, "fsck", "--strict")


def test_bringing_back_again_or_something_older_changes_nothing(
    repository: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    here, folder = ledger(repository), clone()
    there = ledger(folder)
    here.begin(begun, None)
    older = here.export("production", begun.id)
    here.finish(end(begun), EVENTS)
    newer = here.export("production", begun.id)
    there.restore(newer)
    before = tip(git, folder, begun)
    assert there.restore(newer) == end(begun)
    assert there.restore(older) == end(begun)
    assert here.restore(older) == end(begun)
    assert tip(git, folder, begun) == before == tip(git, repository, begun)


def test_a_commit_that_is_not_in_this_clone_keeps_nothing_from_coming_back(
    repository: Path, clone: Clone, git: Run, commit: Write, record: Make, ledger: Ledger
) -> None:
    """A laptop applied a commit it had not pushed, and is gone."""
    folder = clone()
    lonely = commit(repository, {"x": "1"}, "Never pushed")
    begun = record(commit=lonely)
    here, there = ledger(repository), ledger(folder)
    here.begin(begun, a_plan(lonely))
    assert there.restore(here.export("production", begun.id)) == begun
    assert there.plan("production", begun.id) == a_plan(lonely)
    here.finish(end(begun), EVENTS)
    assert there.restore(here.export("production", begun.id)) == end(begun)
    assert there.events("production", begun.id) == EVENTS
    git(folder, "fsck", "--strict", "--connectivity-only")
    git(folder, "gc", "-q", "--prune=now")


def test_a_shallow_clone_takes_it_too(
    repository: Path, clone: Clone, git: Run, commit: Write, record: Make, ledger: Ledger
) -> None:
    old = git(repository, "rev-parse", "HEAD")
    commit(repository, {"x": "1"}, "Second")
    folder = clone("shallow", "--depth=1")
    begun = record(commit=old)
    here = ledger(repository)
    here.begin(begun, None)
    here.finish(end(begun), EVENTS)
    assert ledger(folder).restore(here.export("production", begun.id)) == end(begun)
    git(folder, "fsck", "--connectivity-only")


def test_an_end_that_could_not_be_written_travels_along(
    repository: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    here, there = ledger(repository), ledger(clone())
    here.begin(begun, None)
    data = here.export("production", begun.id, (end(begun), EVENTS))
    for book in (there, here):
        assert book.restore(data) == end(begun)
        assert book.events("production", begun.id) == EVENTS


def test_nothing_but_an_end_is_recorded_too(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    book = ledger(repository)
    data = book.export("production", record().id, (end(record()), EVENTS))
    assert book.rollouts("production") == ()
    assert book.restore(data) == end(record())
    assert book.rollouts("production") == (end(record()),)


@pytest.mark.parametrize("damage", [
    lambda _: b"", lambda _: b"\xff" * 20, lambda data: data[:40], lambda data: data[:-30],
    lambda data: data[:-30] + b"x" * 30, lambda data: b"\0" * 8 + data[8:],
])  # fmt: skip
def test_what_is_damaged_is_not_believed(
    repository: Path, clone: Clone, git: Run, record: Make, ledger: Ledger, damage: Any
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    ledger(repository).begin(begun, None)
    there = ledger(clone())
    assert there.restore(damage(ledger(repository).export("production", begun.id))) is None
    assert there.rollouts("production") == ()


def test_another_projects_rollout_and_a_false_name_are_not_taken(
    repository: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    here, folder = ledger(repository), clone()
    here.begin(begun, None)
    data = here.export("production", begun.id)
    assert ledger(folder, project=PROJECT.replace("0", "1")).restore(data) is None
    other = record(2)
    git(repository, "update-ref", name_ref("production", other.id), tip(git, repository, begun))
    assert ledger(folder).restore(here.export("production", other.id)) is None
    assert git(folder, "for-each-ref", "refs/agentgit") == ""

"""The file of a saved plan: whole or not at all, and read without trust."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentgit.errors import AgentgitError, Exit, UsageError
from agentgit.model.saved_plan import Asked, SavedPlan
from agentgit.record.plan_file import read_plan_file, write_plan_file
from tests.builders import Fleet, make_desired, make_instance


@pytest.fixture
def saved() -> SavedPlan:
    plan = Fleet().plan(make_desired(make_instance(rollout={"minHealthyTime": "250ms"})))
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return SavedPlan(tool="agentgit 0.1.0", saved_at=now, asked=Asked(), plan=plan)


@pytest.fixture
def path(tmp_path: Path, saved: SavedPlan) -> Path:
    path = tmp_path / "plans" / "change.plan"
    path.parent.mkdir()
    write_plan_file(path, saved)
    return path


def test_it_is_read_as_it_was_written(path: Path, saved: SavedPlan) -> None:
    found = read_plan_file(path)
    assert found.digest
    assert found.model_copy(update={"digest": ""}) == saved


def test_only_its_owner_may_read_it(path: Path, saved: SavedPlan) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_plan_file(path, saved)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_who_fails_over_it_leaves_the_old_one(
    path: Path, saved: SavedPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError, match="cannot be written: No space left"):
        write_plan_file(path, saved)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("place", ["no/folder", "."])
def test_where_nothing_can_be_written(tmp_path: Path, saved: SavedPlan, place: str) -> None:
    with pytest.raises(UsageError):
        write_plan_file(tmp_path / place, saved)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b"\x89PNG\r\n\x1a\n\0\0", "is no saved plan"),
        (lambda _: b"[" * 100_000, "is no saved plan"),
        (lambda _: b"[1]", "is no saved plan"),
        (lambda _: b"{}", "is no saved plan"),
        (lambda _: b'{"format": "agentgit/plan@1"}', "is a document agentgit/plan@1, for reading"),
        (lambda data: data[: len(data) // 2], "is damaged: it ends too early"),
        (lambda data: data.replace(b"support:1", b"support:2"), "is damaged"),
        (lambda data: data.replace(b"saved-plan@1", b"saved-plan@2"), "which reads"),
    ],
)
def test_anything_else_is_refused(path: Path, change: object, said: str) -> None:
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(AgentgitError) as refused:
        read_plan_file(path)
    assert said in refused.value.message
    assert str(path) in refused.value.message
    assert refused.value.hint
    assert refused.value.exit_code == Exit.CONFIG


def test_what_a_newer_version_says_besides_is_refused(tmp_path: Path, saved: SavedPlan) -> None:
    """Its digest is right and its words are not known: nothing of a plan may be left out."""
    newer = SavedPlan.model_construct(
        **{name: getattr(saved, name) for name in SavedPlan.model_fields}
        | {"tool": "agentgit 9.0.0", "asked": {"only": [], "unheard": True}}
    )
    path = tmp_path / "newer.plan"
    with pytest.warns(UserWarning, match="serialized value may not be as expected"):
        write_plan_file(path, newer)
    assert json.loads(path.read_bytes())["asked"]["unheard"]
    with pytest.raises(AgentgitError, match=r"saved by agentgit 9\.0\.0 and cannot be read"):
        read_plan_file(path)


def test_no_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_plan_file(tmp_path / "none")

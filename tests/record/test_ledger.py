"""The ledger in one repository: what it writes, reads, and leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.effects import GitResult
from agentgit.errors import GitError
from agentgit.model.events import (
    Event,
    GoingBack,
    RolloutFinished,
    RolloutStarted,
    StepFailed,
    StepRetried,
    WaveDone,
)
from agentgit.model.plan import Move, Pin, Plan, Wave
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.steps import AwaitHealthy, StopReplica
from agentgit.record.cleaning import make_cleaner
from agentgit.record.ledger import GitLedger
from agentgit.record.milestone import name_ref
from agentgit.record.parcel import open_parcel
from agentgit.source.git_command import GitCommand
from agentgit.source.repository import GitSource

Run = Callable[..., str]
Make = Callable[..., RolloutRecord]
Ledger = Callable[..., GitLedger]
PROJECT = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"
END = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)


def end(record: RolloutRecord, outcome: str = "succeeded") -> RolloutRecord:
    return record.model_copy(update={"outcome": outcome, "finished_at": END})


def a_plan(commit: str) -> Plan:
    steps = (
        AwaitHealthy(host="h", name="r", min_healthy_time=1.5, timeout=90.0),
        StopReplica(host="h", name="old", grace=0.25),
    )
    move = Move(instance="bot", host="h", slot=0, cause="new", prepare=steps)
    return Plan(
        project_id=PROJECT, project="acme", environment="production",
        commit=Commit(sha=commit, time=END), intent_digest="i", observed_digest="o",
        waves=(Wave(title="1", moves=(move,)),),
    )  # fmt: skip


def test_begin_and_finish_are_read_back(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    begun = record(commit=head, instances=("bot",), fence=7)
    book = ledger(repository)
    book.begin(begun, a_plan(head))
    assert book.rollouts("production") == (begun,)
    assert book.events("production", begun.id) == ()
    events: tuple[Event, ...] = (
        RolloutStarted(rollout=begun.id, environment="production", commit=head, waves=1, moves=1),
        WaveDone(number=1),
        RolloutFinished(rollout=begun.id, outcome="succeeded", seconds=1.25),
    )
    book.finish(end(begun), events)
    for reader in (book, ledger(repository)):
        assert reader.rollouts("production") == (end(begun),)
        assert reader.events("production", begun.id) == events
        assert reader.plan("production", begun.id) == a_plan(head)
    assert book.plan("production", "20260101-000000-0000") is None
    assert book.rollouts("staging") == ()


def test_milestones_on_the_way_are_read_as_far_as_it_has_come(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    book = ledger(repository)
    book.begin(begun, a_plan(begun.commit))
    book.note(begun, (WaveDone(number=1),), END - timedelta(minutes=1))
    assert book.rollouts("production") == (begun,)
    assert book.events("production", begun.id) == (WaveDone(number=1),)
    book.finish(end(begun), (WaveDone(number=1), WaveDone(number=2)))
    ref = name_ref("production", begun.id)
    assert git(repository, "log", "--format=%s", "-3", "--first-parent", ref).splitlines() == [
        f"production: rollout {begun.id} {word}" for word in ("succeeded", "goes on", "began")
    ]
    assert book.plan("production", begun.id) == a_plan(begun.commit)


def test_somebody_else_ends_what_was_interrupted(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    book = ledger(repository)
    book.begin(begun, None)
    book.note(begun, (WaveDone(number=1),), END)
    book.close(end(begun, "interrupted"), "Li <li@example.org>")
    assert book.rollouts("production") == (end(begun, "interrupted"),)
    assert book.events("production", begun.id) == (WaveDone(number=1),)
    ref = name_ref("production", begun.id)
    assert git(repository, "log", "-1", "--format=%an", ref) == "Li"
    assert git(repository, "log", "-1", "--format=%an", f"{ref}~1") == "Ana"


def test_a_lock_that_a_killed_git_has_left_is_removed(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    """Who was killed together with its git; a lock that is fresh may be somebody's."""
    book, begun = ledger(repository), record()
    book.begin(begun, None)
    lock = repository / ".git" / f"{name_ref('production', begun.id)}.lock"
    lock.touch()
    with pytest.raises(GitError) as caught:
        book.finish(end(begun), ())
    made = datetime.fromtimestamp(lock.stat().st_mtime, UTC)
    assert caught.value.message == (
        "the rollout cannot be recorded: the repository is locked since "
        f"{made:%Y-%m-%d %H:%M} UTC by {lock}"
    )
    assert "where none runs in this repository any more" in (caught.value.hint or "")
    assert lock.exists()
    os.utime(lock, (0, 0))
    book.finish(end(begun), ())
    assert not lock.exists()
    assert [one.outcome for one in ledger(repository).rollouts("production")] == ["succeeded"]


def test_old_records_are_cut_and_what_is_needed_stays(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    book = ledger(repository, keep=5)
    for minute in range(12):
        one = record(minute, commit=f"{minute:040}", intent=f"i{minute}")
        book.begin(one, None)
        book.finish(end(one), ())
    lock = repository / ".git" / "packed-refs.lock"
    lock.touch()
    os.utime(lock, (0, 0))  # not one of ours: it stays, and the user is told
    with pytest.raises(GitError) as caught:
        book.prune("production")
    assert caught.value.message == (
        f"old rollouts are kept: the repository is locked since 1970-01-01 00:00 UTC by {lock}"
    )
    lock.unlink()
    assert book.prune("production") == 6  # five, and one that is the fifth step back
    left = [one.started_at.minute for one in book.rollouts("production")]
    assert left == [11, 10, 9, 8, 7, 6]
    assert book.prune("production") == 0
    assert book.prune("staging") == 0


def test_no_password_and_no_folder_of_this_machine_is_recorded(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    folders = {"/home/ana/state": "<state>", "/home/ana": "~"}
    book = ledger(repository, clean=make_cleaner(folders))
    said = "cannot read /home/ana/state/x and https://ci:hunter2@registry.example/v2, /home/anabel"
    failure = Failure(
        instance="bot", step="start", message=said, hint="look at /home/ana/notes",
        fault="world", log=("Authorization: Bearer hunter2hunter2",),
    )  # fmt: skip
    begun = record(failure=failure)
    book.begin(begun, None)
    book.note(begun, (StepFailed(failure=failure),), END)
    book.finish(end(begun).model_copy(update={"failures": (failure,)}), (
        StepFailed(failure=failure),
        StepRetried(instance="bot", host="h", step="start", target="r", attempt=1, wait=1.0,
                    message=said),
    ))  # fmt: skip
    found = book.rollouts("production")[0].failures[0]
    assert found.message == (
        "cannot read <state>/x and https://***@registry.example/v2, /home/anabel"
    )
    assert found.hint == "look at ~/notes"
    everything = git(repository, "log", "-p", "--format=%B", name_ref("production", begun.id))
    parcel = book.export("production", begun.id, (end(begun), (StepFailed(failure=failure),)))
    head = open_parcel(parcel)
    for text in (everything, str(head.record), str(head.events)):
        assert "hunter2" not in text
        assert "/home/ana/" not in text


def test_it_reads_well_with_plain_git(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    begun = record(commit=head, reason="Agentgit-Outcome: a lie\n\nand more", instances=("a", "b"))
    book = ledger(repository)
    book.begin(begun, None)
    book.finish(end(begun), ())
    ref = name_ref("production", begun.id)
    assert git(repository, "log", "--format=%s", "-2", "--first-parent", ref).splitlines() == [
        f"production: rollout {begun.id} succeeded",
        f"production: rollout {begun.id} began",
    ]
    trailers = git(repository, "log", "-1", "--format=%(trailers:only)", ref).splitlines()
    assert trailers == [
        f"Agentgit-Project: {PROJECT}",
        "Agentgit-Environment: production",
        f"Agentgit-Rollout: {begun.id}",
        "Agentgit-Kind: apply",
        f"Agentgit-Commit: {head}",
        "Agentgit-Outcome: succeeded",
        "Agentgit-Instances: a, b",
        "Agentgit-Actor: Ana <ana@example.org>",
        "Agentgit-Tool: agentgit 0.1.0",
    ]
    assert git(repository, "log", "-1", "--format=%an %ae %cn %at", ref) == (
        f"Ana ana@example.org Ana {int(END.timestamp())}"
    )
    tree = git(repository, "ls-tree", "--name-only", "-r", ref).splitlines()
    assert tree == ["events.jsonl", "rollout.json"]
    assert json.loads(git(repository, "show", f"{ref}:rollout.json"))["id"] == begun.id
    assert git(repository, "log", "-1", "--format=%P", ref).split()[1] == head
    assert git(repository, "log", "-1", "--format=%P", f"{ref}~1") == head
    git(repository, "fsck", "--strict")


def test_what_was_deployed_survives_a_forced_branch_and_gc(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    git(repository, "checkout", "-q", "-b", "side")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Deployed")
    deployed = git(repository, "rev-parse", "HEAD")
    book = ledger(repository)
    book.begin(record(commit=deployed), None)
    book.finish(end(record(commit=deployed)), ())
    git(repository, "checkout", "-q", "main")
    git(repository, "branch", "-D", "side")
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "-q", "--prune=now")
    assert git(repository, "cat-file", "-t", deployed) == "commit"
    assert book.rollouts("production")[0].outcome == "succeeded"


def test_index_work_tree_head_and_branches_are_left_alone(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    (repository / "staged").write_text("x")
    git(repository, "add", "staged")
    (repository / "global/a.txt").write_text("changed")

    def state() -> tuple[str, str, bytes]:
        return (
            git(repository, "status", "--porcelain"),
            git(repository, "for-each-ref", "refs/heads"),
            (repository / ".git/index").read_bytes(),
        )

    before = state()
    ledger(repository).begin(record(commit=git(repository, "rev-parse", "HEAD")), None)
    assert state() == before


@pytest.mark.parametrize("actor", ["", "root@runner", "<>", "A\nB <a@b>", "Ana", "x <y"])
def test_no_identity_and_signing_switched_on(
    repository: Path, git: Run, record: Make, ledger: Ledger, actor: str
) -> None:
    for key, value in (("user.useConfigOnly", "true"), ("commit.gpgSign", "true"),
                       ("gpg.program", "false")):  # fmt: skip
        git(repository, "config", key, value)
    book = ledger(repository)
    book.begin(record(actor=actor), None)
    assert book.rollouts("production")[0].actor == actor
    git(repository, "fsck", "--strict")
    who = git(repository, "log", "-1", "--format=%an", name_ref("production", record().id))
    assert who


def test_bare_detached_and_without_commits(
    tmp_path: Path, repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(tmp_path, "init", "-q", "empty")
    (tmp_path / "empty/agentgit.yaml").write_text("x")
    git(repository, "checkout", "-q", "--detach")
    for folder in (tmp_path / "bare.git", tmp_path / "empty", repository):
        book = ledger(folder)
        book.begin(record(commit="1" * 40), None)
        book.finish(end(record(commit="1" * 40)), ())
        assert [one.outcome for one in book.rollouts("production")] == ["succeeded"]


def test_newest_first_also_within_one_second(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    book = ledger(repository)
    first = record(id="20261120-081530-ffff", started_at=END)
    second = record(id="20261120-081530-0000", started_at=END + timedelta(milliseconds=300))
    third = record(minute=59, started_at=END + timedelta(hours=1))
    for one in (third, first, second):
        book.begin(one, None)
    assert book.rollouts("production") == (third, second, first)


def test_a_rollout_is_recorded_once(repository: Path, record: Make, ledger: Ledger) -> None:
    ledger(repository).begin(record(), None)
    with pytest.raises(GitError, match="already recorded"):
        ledger(repository).begin(record(reason="somebody else"), None)
    assert ledger(repository).rollouts("production")[0].reason == ""


def test_an_end_without_a_beginning_is_recorded(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    ledger(repository).finish(end(record()), (WaveDone(number=1),))
    assert ledger(repository).rollouts("production") == (end(record()),)


def test_a_repository_that_cannot_be_written(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    book = ledger(repository)
    (repository / ".git/refs/agentgit").write_text("not a folder")
    with pytest.raises(GitError, match="the rollout cannot be recorded"):
        book.begin(record(), None)


def _write_by_hand(repository: Path, rollout: str, content: bytes) -> None:
    """Record something that this version of agentgit would not write."""
    stream = (
        f"commit refs/agentgit/rollouts/production/{rollout}\ncommitter X <x@y> 1 +0000\n"
        f"data 1\nx\nM 644 inline rollout.json\ndata {len(content)}\n"
    )
    subprocess.run(
        ["git", "-C", str(repository), "fast-import", "--quiet"],
        input=stream.encode() + content + b"\ndone\n",
        check=True,
    )


def test_what_cannot_be_read_is_left_out(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    book = ledger(repository)
    book.begin(record(), None)
    for number, content in enumerate((b"", b"{", b"[]", b"null", b'{"id": 1}', b"\xff")):
        _write_by_hand(repository, f"bad-{number}", content)
    git(repository, "update-ref", "refs/agentgit/rollouts/production/no-file", "HEAD")
    assert book.rollouts("production") == (record(),)
    assert len(book.unreadable) == 7
    assert book.pin("production") is None


def test_fields_of_a_newer_agentgit_are_left_out(
    repository: Path, record: Make, ledger: Ledger
) -> None:
    failure = Failure(instance="bot", step="start", message="no", fault="world")
    document: dict[str, Any] = json.loads(record(failure=failure).model_dump_json())
    document["weather"] = "fine"
    document["failure"]["mood"] = "bad"
    _write_by_hand(repository, record().id, json.dumps(document).encode())
    assert ledger(repository).rollouts("production") == (record(failure=failure),)


def test_only_this_projects_records_count(repository: Path, record: Make, ledger: Ledger) -> None:
    ledger(repository).begin(record(), None)
    other = PROJECT.replace("0", "1")
    ledger(repository).begin(record(minute=1, project_id=other), None)
    assert [one.project_id for one in ledger(repository).rollouts("production")] == [PROJECT]
    assert ledger(repository, project=other).rollouts("production")[0].project_id == other


def test_the_pin_comes_from_the_records(repository: Path, record: Make, ledger: Ledger) -> None:
    pin = Pin(commit="a", instead_of="b", owner="Ana", reason="slow", since=END)
    book = ledger(repository)
    book.begin(record(kind="rollback", commit="a", pin=pin), None)
    assert book.pin("production") == pin
    assert book.pin("staging") is None


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is added
EVENTS = st.lists(
    st.one_of(
        st.builds(WaveDone, number=st.integers(1, 99)),
        st.builds(GoingBack, instances=st.tuples(TEXT), to=st.tuples(TEXT)),
        st.builds(
            StepFailed,
            failure=st.builds(
                Failure, instance=TEXT, step=TEXT, message=TEXT, log=st.tuples(TEXT, TEXT),
                fault=st.sampled_from(["world", "revision"]),
            ),
        ),
    ),
    max_size=4,
).map(tuple)  # fmt: skip


@pytest.fixture(scope="module")
def shared_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLedger]:
    folder = tmp_path_factory.mktemp("property")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "agentgit.yaml").write_text("x")
    with GitSource.open(str(folder)) as source:
        yield GitLedger(source.git, PROJECT)


@settings(max_examples=25, deadline=None)
@given(actor=TEXT, reason=TEXT, instances=st.tuples(TEXT, TEXT), events=EVENTS, data=st.data())
def test_any_record_and_events_come_back_as_they_were(
    shared_ledger: GitLedger, actor: str, reason: str, instances: tuple[str, str],
    events: tuple[Event, ...], data: st.DataObject,
) -> None:  # fmt: skip
    number = len(shared_ledger.rollouts("production"))
    begun = RolloutRecord(
        id=f"20261120-081530-{number:04}", kind="apply", project_id=PROJECT, actor=actor,
        environment="production", commit="", tool="t", reason=reason, instances=instances,
        started_at=data.draw(MOMENTS, "started_at"),
    )  # fmt: skip
    shared_ledger.begin(begun, None)
    shared_ledger.finish(end(begun), events)
    assert end(begun) in shared_ledger.rollouts("production")
    assert shared_ledger.events("production", begun.id) == events


class CountingGit:
    """Git, and the commands it was given."""

    def __init__(self, git: GitCommand) -> None:
        self.shallow = git.shallow
        self.objects = git.objects
        self.asked: list[str] = []
        self._git = git

    def run(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> GitResult:
        self.asked.append(arguments[0])
        return self._git.run(*arguments, data=data, timeout=timeout)


def test_one_look_finds_rollouts_and_environments(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    for environment in ("staging", "production", "production-eu"):
        ledger(repository).begin(record(commit=head, environment=environment), None)
    counting = CountingGit(GitCommand(str(repository)))
    book = GitLedger(counting, PROJECT)
    assert [one.environment for one in book.rollouts("production")] == ["production"]
    assert book.environments() == ("production", "production-eu", "staging")
    assert counting.asked == ["for-each-ref"]
    assert GitLedger(counting, PROJECT).environments() == book.environments()

"""The ledger between clones: union, shallow clones, remotes that are away or refuse."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentgit.model.rollout import RolloutRecord
from agentgit.record.ledger import GitLedger
from agentgit.record.milestone import name_ref

pytestmark = pytest.mark.slow  # real processes, or real waiting

Run = Callable[..., str]
Write = Callable[..., str]
Make = Callable[..., RolloutRecord]
Ledger = Callable[..., GitLedger]
END = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)


def end(record: RolloutRecord, outcome: str = "succeeded") -> RolloutRecord:
    return record.model_copy(update={"outcome": outcome, "finished_at": END})


def refs(git: Run, folder: Path, prefix: str = "refs/agentgit") -> list[str]:
    return git(folder, "for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()


@pytest.fixture
def remote(tmp_path: Path, repository: Path, git: Run, commit: Write) -> Path:
    """A bare remote with six commits on main."""
    for number in range(5):
        commit(repository, {"n": str(number)}, f"Number {number}")
    git(tmp_path, "clone", "-q", "--bare", str(repository), "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def clone(tmp_path: Path, remote: Path, git: Run) -> Callable[..., Path]:
    """Clone the remote: clone("name", "--depth=1") -> folder."""

    def make(name: str, *options: str) -> Path:
        git(tmp_path, "clone", "-q", *options, f"file://{remote}", name)
        return tmp_path / name

    return make


Clone = Callable[..., Path]


def test_two_clones_that_both_write_have_the_union(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(remote, "rev-parse", "main")
    laptop, runner = clone("laptop"), clone("runner", "--depth=1")
    here, there = ledger(laptop, "origin"), ledger(runner, "origin")
    for minute, book in ((1, here), (2, there), (3, here)):
        book.begin(record(minute, commit=head), None)
        book.finish(end(record(minute, commit=head)), ())
        assert book.push() is None
    for book in (here, there):
        assert book.fetch() is None
        minutes = [one.started_at.minute for one in book.rollouts("production")]
        assert minutes == [3, 2, 1]
    assert refs(git, laptop) == refs(git, runner) == refs(git, remote)
    assert refs(git, remote, "refs/heads") == [f"refs/heads/main {head}"]


@pytest.mark.parametrize("depth", ["1", "2"])
def test_a_shallow_clone_stays_as_shallow_as_it_was(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger, depth: str
) -> None:
    laptop, runner = clone("laptop"), clone("runner", f"--depth={depth}")
    book = ledger(laptop, "origin")
    for minute in range(3):
        old = git(laptop, "rev-parse", f"HEAD~{minute}")
        book.begin(record(minute, commit=old), None)
        book.finish(end(record(minute, commit=old)), ())
    assert book.push() is None
    history = git(runner, "log", "--format=%H")
    assert len(history.splitlines()) == int(depth)
    assert ledger(runner, "origin").fetch() is None
    assert len(ledger(runner).rollouts("production")) == 3
    assert git(runner, "log", "--format=%H") == history
    assert git(runner, "rev-list", "--count", "--all") == str(int(depth) + 3)
    assert ledger(runner, "origin").push() is None
    git(runner, "fsck")
    assert git(remote, "rev-list", "--count", "main") == "6"


@pytest.mark.parametrize("options", [(), ("--depth=1",)])
def test_a_rollout_seen_running_is_seen_to_end(
    clone: Clone, git: Run, record: Make, ledger: Ledger, options: tuple[str, ...]
) -> None:
    laptop, runner = clone("laptop"), clone("runner", *options)
    here, there = ledger(laptop, "origin"), ledger(runner, "origin")
    running = record(commit=git(laptop, "rev-parse", "HEAD"))
    here.begin(running, None)
    here.push()
    there.fetch()
    assert there.rollouts("production") == (running,)
    here.finish(end(running), ())
    here.push()
    assert there.push() is None  # nothing of ours to share, the older state is no complaint
    assert there.fetch() is None
    assert there.rollouts("production") == (end(running),)
    assert all("incoming" not in ref for ref in refs(git, runner))


@pytest.mark.parametrize("options", [(), ("--depth=1",)])
def test_an_end_that_is_not_shared_yet_survives_a_fetch(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger, options: tuple[str, ...]
) -> None:
    runner = clone("runner", *options)
    git(runner, "config", "fetch.prune", "true")
    git(runner, "config", "remote.origin.prune", "true")
    book = ledger(runner, "origin")
    shared, lonely = record(1), record(2)
    book.begin(shared, None)
    book.push()
    book.finish(end(shared), ())
    book.begin(lonely, None)
    before = refs(git, runner)
    for _ in range(2):
        assert book.fetch() is None
        assert refs(git, runner) == before
    assert book.push() is None
    assert refs(git, remote) == before


def test_without_a_remote_nothing_is_said(repository: Path, record: Make, ledger: Ledger) -> None:
    book = ledger(repository)
    book.begin(record(), None)
    assert (book.fetch(), book.push()) == (None, None)


def test_with_nothing_recorded_nothing_is_pushed(clone: Clone, ledger: Ledger) -> None:
    book = ledger(clone("laptop"), "origin")
    assert (book.fetch(), book.push()) == (None, None)


@pytest.mark.parametrize("name", ["upstream", "--upload-pack=touch x", "ext::sh -c touch% x"])
def test_a_remote_that_this_clone_does_not_have(
    clone: Clone, record: Make, ledger: Ledger, name: str
) -> None:
    laptop = clone("laptop")
    book = ledger(laptop, name)
    book.begin(record(), None)
    for warning in (book.fetch(), book.push()):
        assert f"this clone has no remote {name}" in (warning or "")
        assert "git remote add" in (warning or "")
    assert not (laptop / "x").exists()


def test_a_remote_that_is_away(remote: Path, clone: Clone, record: Make, ledger: Ledger) -> None:
    laptop = clone("laptop")
    remote.rename(remote.with_name("moved.git"))
    book = ledger(laptop, "origin")
    book.begin(record(), None)
    assert "origin does not answer" in (book.fetch() or "")
    assert "recorded here, but origin does not take it" in (book.push() or "")
    assert book.rollouts("production") == (record(),)


def test_a_remote_that_never_answers(
    tmp_path: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    pid_file = tmp_path / "pid"
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho $$ > "{pid_file}"\nexec sleep 600\n')
    ssh.chmod(0o755)
    laptop = clone("laptop")
    git(laptop, "remote", "set-url", "origin", "git@host.example:acme")
    git(laptop, "config", "core.sshCommand", str(ssh))
    book = ledger(laptop, "origin", timeout=0.5)
    book.begin(record(), None)
    assert "git did not end within 0.5s" in (book.fetch() or "")
    _await_end(int(pid_file.read_text()))
    assert "git did not end within 0.5s" in (book.push() or "")
    _await_end(int(pid_file.read_text()))


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z":
            return
    pytest.fail(f"{pid} still runs")


def test_a_remote_that_refuses(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncat >/dev/null\necho not allowed\nexit 1\n")
    hook.chmod(0o755)
    book = ledger(clone("laptop"), "origin")
    book.begin(record(), None)
    warning = book.push() or ""
    assert warning == (
        "the rollout is recorded here, but origin does not take it (pre-receive hook declined)"
    )
    assert refs(git, remote) == []
    hook.unlink()
    assert book.push() is None
    assert len(refs(git, remote)) == 1


def test_hooks_and_push_settings_of_the_user_play_no_part(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    laptop = clone("laptop")
    hook = laptop / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git(laptop, "tag", "-a", "-m", "x", "private-tag")
    for key, value in (("push.followTags", "true"), ("push.gpgSign", "true"),
                       ("remote.origin.mirror", "true"), ("push.recurseSubmodules", "only"),
                       ("remote.origin.push", "refs/tags/*")):  # fmt: skip
        git(laptop, "config", key, value)
    book = ledger(laptop, "origin")
    book.begin(record(commit=git(laptop, "rev-parse", "HEAD")), None)
    assert book.push() is None
    assert len(refs(git, remote)) == 1
    assert refs(git, remote, "refs/tags") == []


def test_a_password_prompt_is_a_warning(
    tmp_path: Path, clone: Clone, git: Run, record: Make, ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    laptop = clone("laptop")
    asked = tmp_path / "asked"
    helper = tmp_path / "git-remote-prompting"
    helper.write_text(f"#!/bin/sh\necho $GIT_TERMINAL_PROMPT > {asked}\nexit 1\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    git(laptop, "remote", "set-url", "origin", "prompting::x")
    book = ledger(laptop, "origin")
    book.begin(record(), None)
    assert "does not take it" in (book.push() or "")
    assert asked.read_text() == "0\n"


def test_the_users_own_fetch_leaves_the_ledger_alone(
    clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    laptop = clone("laptop")
    ledger(laptop).begin(record(), None)
    subprocess.run(["git", "-C", str(laptop), "fetch", "-q", "--prune"], check=True)
    assert len(refs(git, laptop)) == 1


def test_two_ends_of_one_rollout_become_one_everywhere(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    """Who went on said that it was interrupted; its own writer comes back and knows better."""
    laptop, runner, third = clone("laptop"), clone("runner"), clone("third")
    here, there = ledger(laptop, "origin"), ledger(runner, "origin")
    begun = record(commit=git(remote, "rev-parse", "main"))
    here.begin(begun, None)
    there.restore(here.export("production", begun.id))
    there.close(end(begun, "interrupted"), "Li <li@example.org>")
    assert there.push() is None
    here.finish(end(begun, "rolled-back"), ())
    for book in (here, there, here, there, ledger(third, "origin")):
        assert book.fetch() is None
        assert book.push() is None
    for folder in (laptop, runner, third):
        assert refs(git, folder) == refs(git, remote)
        (found,) = ledger(folder).rollouts("production")
        assert found == end(begun, "rolled-back")
        git(folder, "fsck", "--strict")


def test_both_join_to_the_same_commit(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    laptop, runner = clone("laptop"), clone("runner")
    here, there = ledger(laptop), ledger(runner)
    begun = record(commit=git(remote, "rev-parse", "main"))
    here.begin(begun, None)
    there.restore(here.export("production", begun.id))
    here.finish(end(begun, "failed"), ())
    there.close(end(begun, "interrupted"), "Li <li@example.org>")
    mine, theirs = (book.export("production", begun.id) for book in (here, there))
    here.restore(theirs)
    there.restore(mine)
    assert refs(git, laptop) == refs(git, runner)
    assert here.rollouts("production") == (end(begun, "failed"),)


def fill(book: GitLedger, record: Make, minutes: range) -> None:
    for minute in minutes:
        one = record(minute, commit=f"{minute:040}", intent=f"i{minute}")
        book.begin(one, None)
        book.finish(end(one), ())


def minutes_at(git: Run, folder: Path) -> list[int]:
    return [int(ref.split("-")[1][2:4]) for ref in refs(git, folder)]


def test_a_lock_here_is_not_blamed_on_the_remote(
    clone: Clone, record: Make, ledger: Ledger
) -> None:
    laptop, runner = clone("laptop"), clone("runner", "--depth=1")
    here, there = ledger(laptop, "origin"), ledger(runner, "origin")
    fill(here, record, range(1))
    here.push()
    lock = runner / ".git" / "shallow.lock"
    lock.touch()
    warning = there.fetch() or ""
    assert warning.startswith(
        "what others recorded since is not known: the repository is locked since "
    )
    assert f"by {lock}; another git may be at work" in warning
    lock.unlink()
    assert there.fetch() is None


def test_a_stale_lock_of_a_rollout_does_not_keep_it_away(
    clone: Clone, record: Make, ledger: Ledger
) -> None:
    here, runner = ledger(clone("laptop"), "origin"), clone("runner")
    fill(here, record, range(1))
    here.push()
    lock = runner / ".git" / f"{name_ref('production', record(0).id)}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (0, 0))
    there = ledger(runner, "origin")
    assert there.fetch() is None
    assert not lock.exists()
    assert len(there.rollouts("production")) == 1


def test_what_is_cut_here_is_cut_at_the_remote_and_a_stale_clone_keeps_it_cut(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    laptop, stale = clone("laptop"), clone("stale")
    here, there = ledger(laptop, "origin", keep=10), ledger(stale, "origin", keep=10)
    fill(here, record, range(8))
    here.push()
    there.fetch()
    assert minutes_at(git, stale) == list(range(8))
    fill(here, record, range(8, 30))
    assert here.prune("production") == 20
    assert here.push() is None
    assert minutes_at(git, remote) == list(range(20, 30))
    there.fetch()
    fill(there, record, range(30, 31))
    assert there.prune("production") > 0
    assert there.push() is None
    assert min(minutes_at(git, remote)) >= 20
    here.fetch()
    assert min(minutes_at(git, laptop)) >= 20


def test_a_remote_that_keeps_everything_is_no_error(
    remote: Path, clone: Clone, record: Make, ledger: Ledger
) -> None:
    hook = remote / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$3" in *[1-9a-f]*) ;; *) exit 1 ;; esac\n')
    hook.chmod(0o755)
    book = ledger(clone("laptop"), "origin", keep=2)
    fill(book, record, range(9))
    book.push()
    assert book.prune("production")
    warning = book.push() or ""
    assert warning.startswith("origin keeps old rollouts (hook declined)")
    assert "spec.ledger.keep" in warning


def test_twenty_writers_at_once_in_one_repository(
    repository: Path, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    books = [ledger(repository) for _ in range(20)]

    def write(pair: tuple[int, GitLedger]) -> None:
        minute, book = pair
        one = record(minute, commit=head)
        book.begin(one, None)
        book.note(one, (), END)
        book.finish(end(one), ())

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(write, enumerate(books)))
    found = ledger(repository).rollouts("production")
    assert [one.started_at.minute for one in found] == list(reversed(range(20)))
    assert {one.outcome for one in found} == {"succeeded"}
    git(repository, "fsck", "--strict")


def test_twenty_clones_that_push_to_one_remote_at_once(
    remote: Path, clone: Clone, git: Run, record: Make, ledger: Ledger
) -> None:
    head = git(remote, "rev-parse", "main")
    books = [ledger(clone(f"clone-{n}"), "origin") for n in range(20)]

    def write(pair: tuple[int, GitLedger]) -> list[str | None]:
        minute, book = pair
        one = record(minute, commit=head)
        said = [book.fetch()]
        book.begin(one, None)
        book.finish(end(one), ())
        return [*said, book.push()]

    with ThreadPoolExecutor(20) as pool:
        said = [warning for pair in pool.map(write, enumerate(books)) for warning in pair]
    assert set(said) == {None}
    assert len(refs(git, remote)) == 20
    last = clone("last")
    ledger(last, "origin").fetch()
    assert len(ledger(last).rollouts("production")) == 20


def test_who_is_overtaken_while_writing_writes_again(
    repository: Path, git: Run, record: Make, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = record(commit=git(repository, "rev-parse", "HEAD"))
    mine, other = ledger(repository), ledger(repository)
    mine.begin(begun, None)
    write: Callable[..., None] = mine._write

    def write_late(*arguments: Any) -> None:
        monkeypatch.undo()
        other.close(end(begun, "interrupted"), "Li <li@example.org>")
        write(*arguments)

    monkeypatch.setattr(mine, "_write", write_late)
    mine.finish(end(begun), ())
    assert ledger(repository).rollouts("production") == (end(begun),)
    ref = f"refs/agentgit/rollouts/production/{begun.id}"
    told = git(repository, "log", "--first-parent", "--format=%s", "-3", ref)
    assert [line.split()[-1] for line in told.splitlines()] == [
        "succeeded", "interrupted", "began"
    ]  # fmt: skip

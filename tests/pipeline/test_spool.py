"""What a rollout records survives the machine that carried it out: the hosts keep it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agentgit.errors import EngineError, GitError
from agentgit.pipeline import apply_plan, is_news, prepare_plan
from agentgit.record.history import known_hosts
from agentgit.record.ledger import GitLedger
from agentgit.workflow.spool import name_value
from tests.builders import PROJECT_ID

AGENT = "global__agents__support"


def values(project: Any) -> list[str]:
    store = project.engine.stores.get(PROJECT_ID)
    return [] if store is None else list(store.names("ledger-"))


def refuse(remote: Path) -> Path:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncat >/dev/null\nexit 1\n")
    hook.chmod(0o755)
    return hook


def recorded(folder: Path) -> list[str]:
    done = subprocess.run(
        ["git", "for-each-ref", "--format=%(contents:subject)", "refs/agentgit"], cwd=folder,
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [line.split(" ", 3)[-1] for line in done.stdout.splitlines()]


@pytest.fixture
def remote(project: Any, tmp_path: Path) -> Path:
    """A remote that the ledger is shared with."""
    text = (project.folder / "agentgit.yaml").read_text()
    shared = text.replace("spec: {", "spec: {ledger: {remote: origin}, ")
    project.commit("Share", agentgit=shared)
    bare = tmp_path / "remote.git"
    project.git("clone", "-q", "--bare", str(project.folder), str(bare))
    project.git("remote", "add", "origin", str(bare))
    return bare


@pytest.fixture
def second(project: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Clone the project with its own ledger, on the same engine: another machine."""
    made: list[Any] = []

    def make(name: str = "second") -> Any:
        folder = tmp_path / name
        project.git("clone", "-q", str(project.folder), str(folder))
        other = type(project)(folder, project.engine, project.clock)
        for key, value in (("user.name", "Li"), ("user.email", "li@acme.example")):
            other.git("config", key, value)
        with suppress(subprocess.CalledProcessError):
            url = project.git("remote", "get-url", "origin")
            other.git("remote", "set-url", "origin", url)
        made.append(other)
        return other

    yield make
    for other in made:
        for source in other.opened:
            source.close()


def die(project: Any, at: str, **words: Any) -> None:
    """Apply and vanish at an event: nothing of what comes after it happens."""
    with prepare_plan(project.open(), project.request(**words)) as session:
        stream = apply_plan(session)
        for event in stream:
            if event.kind == at:
                break
        dead = GitError("this process is dead")

        def gone(*_: Any, **__: Any) -> Any:
            raise dead

        session.permit.check = gone
        for name in ("finish", "push", "prune", "export"):
            setattr(session.ledger, name, gone)
        with pytest.raises(GitError):
            stream.close()


def test_a_rollout_that_ends_well_leaves_nothing_on_the_host(project: Any) -> None:
    seen: list[list[str]] = []
    with prepare_plan(project.open(), project.request()) as session:
        seen += [values(project) for _ in apply_plan(session)]
    assert len(seen[0]) == 1
    assert values(project) == []


def test_an_interrupted_rollout_is_found_from_another_machine(
    project: Any, second: Callable[..., Any]
) -> None:
    project.apply()
    project.prompt("Be brief.")
    die(project, "wave-done")
    (name,) = values(project)
    other = second()
    session = other.plan()
    began = session.records[0]
    assert name == name_value("production", began.id)
    assert began.outcome == "running"
    assert session.plan.resumes == began.id
    assert is_news(session)
    assert session.ledger.plan("production", began.id) is not None
    assert [one.kind for one in session.ledger.events("production", began.id)][-1] == "wave-done"
    assert other.apply()[0] == "succeeded"
    after = other.plan()
    ended = {one.id: one for one in after.records}
    assert ended[began.id].outcome == "interrupted"
    assert after.records[0].resumes == began.id
    assert after.plan.resumes == ""
    assert values(project) == []


def test_it_is_closed_also_when_nothing_is_left_to_do(project: Any) -> None:
    die(project, "wave-done", only=("beta",))
    session = project.plan(only=("beta",))
    assert session.plan.is_empty
    assert is_news(session)
    assert project.apply(only=("beta",))[0] == "succeeded"
    records = project.plan().records
    assert [one.outcome for one in records] == ["succeeded", "interrupted"]
    assert project.plan().plan.resumes == ""


def test_a_pin_that_only_a_host_knows_is_kept(project: Any, second: Callable[..., Any]) -> None:
    """Records decide what is planned: the hosts are asked before anything is chosen."""
    first = project.git("rev-parse", "HEAD")
    project.apply()
    project.prompt("Be brief.")
    project.apply()
    other = second()
    assert other.git("for-each-ref", "refs/agentgit") == ""
    die(project, "wave-done", kind="rollback", revision=first)
    session = other.plan()
    assert session.plan.pin is not None
    assert session.plan.pin.commit == first
    assert session.target.commit.sha == first


def test_a_remote_that_refuses_loses_nothing_and_the_next_run_pushes(
    project: Any, remote: Path
) -> None:
    hook = refuse(remote)
    with prepare_plan(project.open(), project.request()) as session:
        assert project.run(session)[0] == "succeeded"
        assert any("does not take it (pre-receive hook declined)" in one
                   for one in session.warnings)  # fmt: skip
    assert len(values(project)) == 1
    assert recorded(remote) == []
    hook.unlink()
    session = project.plan()
    assert session.warnings == ()
    assert values(project) == []
    assert recorded(remote) == ["succeeded"]


def test_a_runner_that_is_gone_had_pushed_nothing(
    project: Any, remote: Path, second: Callable[..., Any], tmp_path: Path
) -> None:
    """The remote was away, the clone is deleted: whoever plans next has the record."""
    other = second("runner")
    remote.rename(tmp_path / "away.git")
    assert other.apply()[0] == "succeeded"
    (tmp_path / "away.git").rename(remote)
    shutil.rmtree(other.folder / ".git" / "refs" / "agentgit")
    session = project.plan()
    assert [one.outcome for one in session.records] == ["succeeded"]
    assert session.records[0].actor.startswith("Li")
    assert recorded(remote) == ["succeeded"]
    assert values(project) == []


def test_looking_at_the_status_changes_nothing_on_the_host(project: Any, remote: Path) -> None:
    hook = refuse(remote)
    project.apply()
    hook.unlink()
    with prepare_plan(project.open(), project.request(), status=True) as session:
        assert session.records
    assert len(values(project)) == 1
    assert recorded(remote) == []


def test_another_environments_values_are_not_ours(project: Any) -> None:
    project.apply()
    store = project.engine.stores[PROJECT_ID]
    for name in ("ledger-production-eu-20261120-080000-aaaa", "ledger-production-x"):
        store.create(name, b"")
    project.prompt("Be brief.")
    project.apply()
    assert len(values(project)) == 2


def test_a_value_that_was_never_filled_goes_with_the_next_rollout(project: Any) -> None:
    project.apply()
    store = project.engine.stores[PROJECT_ID]
    store.create("ledger-production-20261120-075959-aaaa", b"")
    store.create("ledger-production-20261120-075959-bbbb", b"of a newer agentgit")
    project.plan()
    assert len(values(project)) == 2
    project.prompt("Be brief.")
    project.apply()
    assert values(project) == ["ledger-production-20261120-075959-bbbb"]


def test_an_end_that_the_repository_does_not_take_is_kept_on_the_host(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise GitError("the rollout cannot be recorded: No space left on device")

    finish = GitLedger.finish
    with prepare_plan(project.open(), project.request()) as session:
        monkeypatch.setattr(GitLedger, "finish", full)
        assert project.run(session)[0] == "succeeded"
        assert "the next plan records it" in session.warnings[-1]
    monkeypatch.setattr(GitLedger, "finish", finish)
    assert len(values(project)) == 1
    session = project.plan()
    assert [one.outcome for one in session.records] == ["succeeded"]
    assert session.plan.resumes == ""
    assert session.ledger.events("production", session.records[0].id)[-1].kind == (
        "rollout-finished"
    )
    assert values(project) == []


def test_a_host_that_takes_no_copy_stops_nobody(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> bytes:
        raise GitError("no space")

    monkeypatch.setattr(GitLedger, "export", full)
    assert project.apply()[0] == "succeeded"
    assert values(project) == []


def test_a_rollout_of_many_waves_has_few_milestones(project: Any) -> None:
    agent = (project.folder / "global/agents/support.yaml").read_text()
    many = agent.replace("replicas: 2", "replicas: 12")
    project.commit("Many", **{AGENT: many + "  rollout: {maxSurge: 1, minHealthyTime: 1ms}\n"})
    project.apply()
    project.prompt("Be brief.")
    outcome, events = project.apply(only=("alpha",))
    assert outcome == "succeeded", [one for one in events if one.kind == "step-failed"]
    waves = sum(event.kind == "wave-done" for event in events)
    assert waves > 6
    ref = project.git("for-each-ref", "--format=%(refname)", "refs/agentgit").splitlines()[-1]
    mine = f"--grep=Agentgit-Rollout: {ref.rpartition('/')[2]}"
    told = project.git("log", "--first-parent", "--format=%s", mine, ref)
    assert 4 <= len(told.splitlines()) <= 6


def test_hosts_of_a_rollout_that_never_ended_stay_in_sight(project: Any) -> None:
    """It may have brought replicas to a host that a later commit no longer names."""
    die(project, "wave-started")
    assert known_hosts(project.plan().records) == {"eu-1": "memory"}


def test_nothing_of_this_machine_is_recorded(project: Any, tmp_path: Path) -> None:
    """Messages and logs quote folders and credentials; everybody reads the ledger."""
    state = project.folder / ".git" / "state"

    def refuse_to_run(_: Any) -> str:
        where = f"{state}/x, {project.folder}/agents, {Path.home()}/.docker"
        raise EngineError(f"cannot read {where}, https://ci:hunter2@registry.example")

    project.engine.behave = refuse_to_run
    assert project.apply()[0] == "failed"
    ref = project.git("for-each-ref", "--format=%(refname)", "refs/agentgit")
    told = project.git("log", "-p", "--first-parent", "--format=%B", ref, "--not", "HEAD")
    assert "<state>/x" in told
    for secret in (str(tmp_path), "hunter2", f"{Path.home()}/.docker"):
        assert secret not in told

"""Processes that live on, die, are killed, come back: each told and handled as it is."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agentgit.errors import EngineError, ReplicaError
from agentgit.model.container import Container
from agentgit.model.observed import Replica
from agentgit.model.spec import Process
from agentgit.model.steps import (
    CreateReplica,
    EngineStep,
    EnsureVolume,
    ExportSource,
    RemoveLeftover,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
    StartReplica,
    StopReplica,
)
from agentgit.providers.process import provider, spawn
from agentgit.providers.process.files import read_json
from agentgit.providers.process.provider import ProcessProvider
from tests.waiting import await_condition

PROJECT = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"
STAMP = Stamp(rollout="20261120-081530-7f3a", fence=1)
FILES = [("main.sh", "100755", b"#!/bin/sh\nexec sleep 1000\n")]


class Host:
    """One process host in a folder, with shortcuts for what the tests do to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.provider = ProcessProvider("here", PROJECT, folder, lambda _commit, _path: FILES)

    def do(self, *steps: EngineStep) -> None:
        for step in steps:
            self.provider.perform(step, STAMP)

    def spec(self, command: list[str], name: str = "one", **changes: Any) -> ReplicaSpec:
        container = {"image": "unused", "restart": "no"} | changes.pop("container", {})
        return ReplicaSpec(
            **{
                "name": name,
                "project_id": PROJECT,
                "project": "acme",
                "environment": "staging",
                "agent": "echo",
                "instance": "echo",
                "slot": 0,
                "revision": "ab" * 32,
                "commit": "cd" * 20,
                "source": "ef" * 32,
                "container": Container.model_validate(container),
                "process": Process(source="src", command=tuple(command)),
            }
            | changes
        )

    def create(self, command: list[str], name: str = "one", **changes: Any) -> None:
        spec = self.spec(command, name, **changes)
        export = ExportSource(host="here", commit=spec.commit, path="src", source=spec.source)
        self.do(export, CreateReplica(host="here", replica=spec))

    def run(self, command: list[str], name: str = "one", **changes: Any) -> None:
        self.create(command, name, **changes)
        self.start(name)

    def start(self, name: str = "one") -> None:
        self.do(StartReplica(host="here", name=name))

    def stop(self, name: str = "one", grace: float = 5.0) -> None:
        self.do(StopReplica(host="here", name=name, grace=grace))

    def look(self, name: str = "one") -> Replica:
        replica = self.provider.replica(name)
        assert replica is not None
        return replica

    def wait(self, reached: Callable[[Replica], object], name: str = "one") -> Replica:
        await_condition(lambda: reached(self.look(name)))
        return self.look(name)

    def pid(self, which: str = "pid", name: str = "one") -> int:
        raw = read_json(self.folder / "replicas" / name / f"{which}.json")
        assert raw is not None
        return int(raw["pid"])

    def exported(self, name: str = "one") -> Path:
        raw = read_json(self.folder / "replicas" / name / "replica.json")
        assert raw is not None
        return self.folder / "sources" / str(raw["source"])

    def said(self, name: str = "one") -> list[str]:
        return list(self.provider.logs(name))


def runs(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path / "state")
    yield host
    for folder in sorted((tmp_path / "state").glob("replicas/[!.]*")):
        host.do(RemoveReplica(host="here", name=folder.name))


def test_replica_outlives_the_command_that_started_it(host: Host) -> None:
    host.create(["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; exit 9"])
    script = (
        "import sys; from pathlib import Path; "
        "from agentgit.providers.process.provider import ProcessProvider as P; "
        "from agentgit.model.steps import StartReplica as S, Stamp; "
        f"P('here', '{PROJECT}', Path(sys.argv[1]), None)"
        ".perform(S(host='here', name='one'), Stamp(rollout='r', fence=1))"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", script, str(host.folder)],
        check=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": root},
    )
    assert host.look().state == "running"
    (host.folder / "sources" / ("ef" * 32) / "go").touch()
    assert host.wait(lambda one: one.state == "exited").exit_code == 9


def test_runner_killed_leaves_the_replica_running(host: Host) -> None:
    host.run(["sleep", "1000"])
    os.kill(host.pid("runner"), signal.SIGKILL)
    await_condition(lambda: not runs(host.pid("runner")))
    assert host.look().state == "running"
    host.start()
    assert host.look().state == "running"
    os.kill(host.pid(), signal.SIGKILL)
    found = host.wait(lambda one: one.state == "exited")
    assert found.exit_code is None
    assert "nobody saw how" in found.error


def test_everything_killed_reads_as_ended_and_starts_again(host: Host) -> None:
    host.run(["sleep", "1000"], container={"restart": "always"})
    before = host.pid()
    os.kill(host.pid("runner"), signal.SIGKILL)
    os.kill(before, signal.SIGKILL)
    assert host.wait(lambda one: one.state == "exited").id == host.look().id
    host.start()
    assert host.look().state == "running"
    assert host.pid() != before


def test_stop_without_a_runner(host: Host) -> None:
    host.run(["sleep", "1000"])
    pid = host.pid()
    os.kill(host.pid("runner"), signal.SIGKILL)
    host.stop()
    assert not runs(pid)
    assert host.look().state == "exited"


def test_recycled_pid_is_not_ours(host: Host) -> None:
    host.run(["sleep", "0"])
    host.wait(lambda one: one.state == "exited")
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        path = host.folder / "replicas" / "one" / "pid.json"
        raw = json.loads(path.read_bytes())
        raw |= {"pid": stranger.pid, "started": raw["started"] - 1}  # both may be of one tick
        path.write_text(json.dumps(raw))
        assert host.look().state == "exited"
        host.stop(grace=0.0)
        host.do(RemoveReplica(host="here", name="one"))
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_pid_of_another_boot_is_not_ours(host: Host) -> None:
    host.run(["sleep", "1000"])
    path = host.folder / "replicas" / "one" / "pid.json"
    real = path.read_bytes()
    os.kill(host.pid("runner"), signal.SIGKILL)
    path.write_text(json.dumps(json.loads(real) | {"boot": "another"}))
    await_condition(lambda: host.look().state == "exited")
    path.write_bytes(real)


def test_killed_replica_tells_its_signal(host: Host) -> None:
    host.run(["sleep", "1000"])
    os.kill(host.pid(), signal.SIGKILL)
    assert host.wait(lambda one: one.state == "exited").exit_code == 137


def test_what_the_machine_cannot_write_is_not_the_agents_fault(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without word of its process nobody could stop it: then it does not become the agent."""
    host.create(["sleep", "1000"])
    run, place = spawn._run_runner, host.folder / "replicas" / "one" / "pid.json"

    def hinder(folder: Path, lock: int, timeout: float) -> str:
        place.mkdir()
        try:
            return run(folder, lock, timeout)
        finally:
            place.rmdir()

    monkeypatch.setattr(spawn, "_run_runner", hinder)
    with pytest.raises(EngineError, match="one could not be started: cannot write pid"):
        host.start()
    assert host.look().state != "running"
    monkeypatch.setattr(spawn, "_run_runner", lambda *_: "")
    with pytest.raises(EngineError, match="its runner ended at once"):
        host.start()
    monkeypatch.setattr(spawn, "_run_runner", run)
    host.start()
    assert host.look().state == "running"


def test_failed_creation_leaves_nothing_half_made(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: bytes) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("agentgit.providers.process.folders.write_atomic", refuse)
    with pytest.raises(EngineError, match="no space left"):
        host.create(["sleep", "1000"])
    assert host.provider.observe("staging").leftovers == ()


def test_failing_replica_is_started_again(host: Host) -> None:
    host.run(["sh", "-c", "echo here; exit 3"], container={"restart": "on-failure"})
    host.wait(lambda one: one.restarts >= 2 and one.state == "restarting")
    host.stop()
    found = host.look()
    assert (found.state, found.exit_code) == ("exited", 3)
    said = host.said()
    assert len(said) >= 3
    await_condition(lambda: not runs(host.pid("runner")))
    assert host.said() == said


def test_on_failure_leaves_success_alone(host: Host) -> None:
    host.run(["true"], container={"restart": "on-failure"})
    found = host.wait(lambda one: one.state == "exited")
    assert (found.exit_code, found.restarts) == (0, 0)


def test_stop_does_not_wait_for_the_next_restart(host: Host) -> None:
    host.run(["false"], container={"restart": "always"})
    host.wait(lambda one: one.restarts >= 5 and one.state == "restarting")  # pauses 3.2 s
    began = time.monotonic()
    host.stop(grace=30.0)
    assert host.look().state == "exited"
    assert time.monotonic() - began < 2


def test_stop_signal_and_exit_code_of_the_agent(host: Host) -> None:
    line = "trap 'echo bye; exit 4' INT; echo up; while true; do sleep 0.05; done"
    host.run(["sh", "-c", line], container={"stop_signal": "SIGINT", "restart": "always"})
    await_condition(lambda: "up" in host.said())
    host.stop()
    found = host.look()
    assert (found.state, found.exit_code) == ("exited", 4)
    assert host.said()[-1] == "bye"


def test_unknown_stop_signal_is_refused_before_anything_runs(host: Host) -> None:
    with pytest.raises(EngineError, match="SIGNONSENSE is no signal"):
        host.create(["true"], container={"stop_signal": "SIGNONSENSE"})


def test_children_go_with_their_leader(host: Host) -> None:
    host.run(["sh", "-c", "sleep 1000 & echo $!; exit 0"])
    host.wait(lambda one: one.state == "exited")
    await_condition(lambda: not runs(int(host.said()[0])))


def test_children_left_by_a_killed_leader_go_with_the_replica(host: Host) -> None:
    host.run(["sh", "-c", "sleep 1000 & echo $!; wait"])
    await_condition(host.said)
    child = int(host.said()[0])
    os.kill(host.pid("runner"), signal.SIGKILL)
    await_condition(lambda: not runs(host.pid("runner")))
    os.kill(host.pid(), signal.SIGKILL)
    host.wait(lambda one: one.state == "exited")
    assert runs(child)
    host.do(RemoveReplica(host="here", name="one"))
    await_condition(lambda: not runs(child))


def test_many_starts_are_one(host: Host) -> None:
    host.create(["sh", "-c", "echo $$; exec sleep 1000"])
    others = [Host(host.folder) for _ in range(6)]
    with ThreadPoolExecutor(len(others)) as pool:
        list(pool.map(lambda one: one.start(), others))
    await_condition(host.said)
    assert host.said() == [str(host.pid())]


def test_program_that_cannot_be_run(host: Host) -> None:
    host.create(["./main.txt"])
    with pytest.raises(ReplicaError, match=r"cannot run \./main\.txt: .*No such file"):
        host.start()
    found = host.look()
    assert (found.state, found.exit_code, found.restarts) == ("exited", 127, 0)


def test_program_of_the_exported_folder(host: Host) -> None:
    host.run(["./main.sh"])
    assert host.look().state == "running"


def test_environment_is_small_and_ours(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "canary-7731")
    host.do(EnsureVolume(host="here", volume="acme-data"))
    host.run(
        ["env"],
        container={"environment": {"A": "container", "B": "container"}, "ports": PORTS},
        process=Process(source="src", command=("env",), environment={"B": "process"}),
        variables={"AGENTGIT_SLOT": "0"},
        volumes={"/var/data": "acme-data"},
    )
    host.wait(lambda one: one.state == "exited")
    seen = dict(line.split("=", 1) for line in host.said())
    assert (seen["A"], seen["B"], seen["AGENTGIT_SLOT"]) == ("container", "process", "0")
    assert seen["AGENTGIT_CONFIG"] == str(host.folder / "replicas/one/agent.json")
    assert Path(seen["AGENTGIT_VOLUME_VAR_DATA"]).is_dir()
    assert seen["AGENTGIT_PORT_ADMIN_API"].isdigit()
    assert "canary-7731" not in "".join(host.said())
    allowed = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "A", "B", "PWD"}
    assert {key for key in seen if not key.startswith("AGENTGIT_")} <= allowed


PORTS = {"admin-api": {"target": 9000}, "http": {"target": 8080}}


def test_ports_are_free_and_different(host: Host) -> None:
    host.run(["sleep", "1000"], container={"ports": PORTS})
    host.run(["sleep", "1000"], "two", container={"ports": PORTS})
    found = [*host.look().addresses.values(), *host.look("two").addresses.values()]
    assert len(set(found)) == 4
    assert list(host.look().addresses) == ["admin-api", "http"]


def test_taken_fixed_port_is_named(host: Host) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        host.create(["true"], container={"ports": {"http": {"target": 80, "published": port}}})
        with pytest.raises(EngineError, match=rf"port {port} \(http\) is taken") as error:
            host.start()
    assert error.value.hint is not None
    host.start()
    assert host.look().addresses == {"http": f"127.0.0.1:{port}"}


def test_fixed_port_of_our_own_replica_names_it(host: Host) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        ports = {"http": {"target": 80, "published": probe.getsockname()[1]}}
    host.run(["sleep", "1000"], container={"ports": ports}, environment="production")
    host.create(["sleep", "1000"], "two", container={"ports": ports})
    with pytest.raises(EngineError, match="is taken by one"):
        host.start("two")
    assert list(host.provider.observe("staging").foreign_ports.values()).count("one") == 1
    assert "one" not in host.provider.observe("production").foreign_ports.values()


def test_memory_limit_holds(host: Host) -> None:
    code = "data = bytearray(300 * 1024 * 1024)"
    limits = {"deploy": {"resources": {"limits": {"memory": "128m", "cpus": 1, "pids": 9}}}}
    host.run(["python3", "-c", code], container=limits)
    assert host.wait(lambda one: one.state == "exited").exit_code == 1
    assert "MemoryError" in host.said()
    live = host.look().live.limits
    assert (live.memory, live.cpus, live.pids) == (128 * 1024**2, None, None)


def test_agent_without_a_process_block(host: Host) -> None:
    with pytest.raises(EngineError, match="cannot run as a process") as error:
        host.create(["true"], process=None)
    assert "process:" in (error.value.hint or "")


def test_create_needs_the_export(host: Host) -> None:
    spec = host.spec(["true"])
    with pytest.raises(EngineError, match="has not been exported"):
        host.do(CreateReplica(host="here", replica=spec))


def test_half_made_folders_are_leftovers_of_their_environment(host: Host) -> None:
    host.create(["true"])
    for environment in ("staging", "production"):
        half = host.folder / "replicas" / f".half.{environment}.two.0123"
        half.mkdir()
        (half / "agent.json").touch()
    (left,) = host.provider.observe("staging").leftovers
    assert (left.kind, left.name) == ("config", "two")
    step = RemoveLeftover(host="here", what="config", id=left.id, name=left.name)
    host.do(step, step)
    assert host.provider.observe("staging").leftovers == ()
    assert len(host.provider.observe("production").leftovers) == 1


def test_leftover_must_be_half_made(host: Host) -> None:
    host.create(["true"])
    with pytest.raises(EngineError):
        host.do(RemoveLeftover(host="here", what="config", id="one", name="one"))
    with pytest.raises(EngineError):
        host.do(RemoveLeftover(host="here", what="config", id=".half./../one", name="one"))
    assert host.look().state == "created"


def test_copied_folder_is_not_ours(host: Host) -> None:
    host.create(["true"])
    copy = host.folder / "replicas" / "copy"
    copy.mkdir()
    (copy / "replica.json").write_bytes((host.folder / "replicas/one/replica.json").read_bytes())
    assert [one.name for one in host.provider.observe("staging").replicas] == ["one"]
    assert host.provider.replica("copy") is None


def test_damaged_record_is_told_not_ignored(host: Host) -> None:
    host.create(["true"])
    path = host.folder / "replicas/one/replica.json"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(EngineError, match="damaged") as error:
        host.provider.observe("staging")
    assert str(path.parent) in (error.value.hint or "")
    path.unlink()


def test_what_was_edited_is_not_looked_for_while_it_starts(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []
    monkeypatch.setattr(provider, "find_edited", lambda export: looked.append(export) or {})
    never = {"test": ["CMD", "false"], "interval": "1h", "start_period": "1h"}
    host.run(["sleep", "1000"], container={"healthcheck": never})
    assert host.look().health == "starting"
    assert not looked
    host.run(["sleep", "1000"], "two")
    host.look("two")
    assert looked == [host.exported("two")], "its facts are its baseline"


@pytest.fixture
def alarm() -> Iterator[None]:
    """Fail what waits for ever."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(host: Host) -> None:
    host.create(["sleep", "1000"])
    for path in (host.exported() / "main.sh", host.folder / "replicas/one/agent.json"):
        path.unlink()
        os.mkfifo(path)
    host.start()
    facts = host.look().facts
    assert facts["source/main.sh"] == facts["agent.json"] == "digest of nothing"
    host.stop()
    record = host.folder / "replicas/one/replica.json"
    record.unlink()
    os.mkfifo(record)
    with pytest.raises(EngineError, match="damaged"):
        host.look()
    record.unlink()


def test_record_of_a_newer_agentgit_is_read(host: Host) -> None:
    host.create(["true"])
    path = host.folder / "replicas/one/replica.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"invented": 1}))
    assert host.look().name == "one"


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    host = Host(tmp_path / "state")
    with pytest.raises(EngineError, match=r"cannot export source: .*state"):
        host.create(["true"])
    with pytest.raises(EngineError, match="cannot record lease"):
        host.provider.store.create("lease", b"")


def test_folders_are_private(host: Host) -> None:
    host.run(["true"])
    for path in (host.folder, host.folder / "replicas", host.folder / "replicas/one"):
        assert path.stat().st_mode & 0o077 == 0
    assert (host.folder / "replicas/one/agent.json").stat().st_mode & 0o277 == 0


def test_replica_that_does_not_speak_http(host: Host) -> None:
    host.run(["sleep", "1000"], container={"ports": PORTS})
    with pytest.raises(EngineError, match="cannot reach port http of one"):
        host.provider.request("one", "http", "/", 1.0)
    with pytest.raises(EngineError, match="no port nonsense"):
        host.provider.request("one", "nonsense", "/", 1.0)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".half.staging.one.0"])
def test_names_stay_inside_the_folder(host: Host, name: str) -> None:
    with pytest.raises(EngineError):
        host.provider.replica(name)


def test_health_check_tells_why(host: Host) -> None:
    check = {"test": ["CMD-SHELL", "echo no disk; exit 1"], "interval": "50ms", "retries": 2}
    host.run(["sleep", "1000"], container={"healthcheck": check})
    found = host.wait(lambda one: one.health == "unhealthy")
    assert (found.state, found.probe) == ("running", "no disk")


def test_health_begins_anew_with_every_run(host: Host) -> None:
    check = {"test": ["CMD", "true"], "interval": "1h"}
    host.run(["sleep", "1000"], container={"healthcheck": check})
    host.wait(lambda one: one.health == "healthy")
    host.stop(grace=0.0)
    assert host.look().health == "none"
    container = host.folder / "replicas/one/replica.json"
    container.write_text(container.read_text().replace('"true"', '"false"'))
    host.start()
    assert host.look().health == "starting"


LIMITED = {"deploy": {"resources": {"limits": {"memory": "512m"}}}}


def test_the_limit_it_is_held_to_is_what_the_kernel_says(host: Host) -> None:
    host.run(["sleep", "1000"], container=LIMITED)
    assert host.look().facts["memory"] == str(512 << 20)
    hard = resource.prlimit(host.pid(), resource.RLIMIT_DATA)[1]
    resource.prlimit(host.pid(), resource.RLIMIT_DATA, (256 << 20, hard))
    assert host.look().facts["memory"] == str(256 << 20)
    assert host.look().live.limits.memory == 512 << 20
    host.stop()
    assert host.look().facts["memory"] == str(512 << 20), "what it would be started with"
    host.start()
    assert host.look().facts["memory"] == str(512 << 20)


def test_what_a_program_makes_of_itself_is_no_fact(host: Host) -> None:
    host.run(["sh", "-c", "echo mine > notes; echo done; cd / && NAME=other exec sleep 1000"])
    host.wait(lambda _: host.said() == ["done"])
    assert (host.exported() / "notes").is_file()
    assert host.look().facts.keys() == {"replica.json", "agent.json"}


@pytest.mark.parametrize("name", ["replica.json", "agent.json"])
def test_its_own_files_are_facts(host: Host, name: str) -> None:
    host.run(["./main.sh"])
    before = host.look().facts
    path = host.folder / "replicas" / "one" / name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"\n")
    after = host.look().facts
    assert {key for key in before | after if before.get(key) != after.get(key)} == {name}


def test_an_edited_export_is_a_fact_and_no_new_replica_gets_it(host: Host) -> None:
    host.run(["./main.sh"])
    first = host.exported()
    (first / "main.sh").chmod(0o700)
    with (first / "main.sh").open("ab") as file:
        file.write(b"exit 1\n")
    assert "source/main.sh" in host.look().facts
    assert host.provider.observe("staging").replicas == (host.look(),)
    host.run(["./main.sh"], "two")
    assert host.exported("two") != first
    assert (host.exported("two") / "main.sh").read_bytes() == FILES[0][2]
    assert "source/main.sh" not in host.look("two").facts
    assert "source/main.sh" in host.look().facts, "who runs from it is told as before"


def test_of_an_export_that_nobody_noted_nobody_knows(host: Host) -> None:
    """An older agentgit noted none; what is there when it is noted is what it is held to."""
    host.run(["./main.sh"])
    (note,) = (host.folder / "exported").iterdir()
    note.unlink()
    (host.exported() / "written by the agent").write_text("1")
    assert host.look().unverified
    assert host.provider.observe("staging").replicas == (host.look(),)
    host.provider.note_files("production")
    assert host.look().unverified
    host.provider.note_files("staging")
    known = host.look()
    assert not known.unverified
    (host.exported() / "written by the agent").write_text("2")
    host.provider.note_files("staging")
    assert host.look() == known
    (host.exported() / "main.sh").unlink()
    host.provider.note_files("staging")
    assert "source/main.sh" in host.look().facts


def test_no_new_replica_gets_an_export_that_was_noted_late(host: Host) -> None:
    host.create(["true"])
    (note,) = (host.folder / "exported").iterdir()
    note.unlink()
    host.provider.note_files("staging")
    host.create(["true"], "two")
    assert host.exported("two") != host.exported()

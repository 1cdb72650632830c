"""Bad input from the world: engines, images, ports, replicas that die, neighbours."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import docker.errors
import pytest

from tests.engines.images import PYTHON_IMAGE
from tests.scenarios.conftest import PLACE, WORKER, Done, SmallFleet, destroyed, make_small_fleet

SERVES = "while :; do sleep 0.1; done"
PUBLISHED = "    ports: {http: {target: 8080, published: PORT, host_ip: 127.0.0.1}}\n"


def attempt(fleet: SmallFleet, path: str, old: str, new: str, code: int) -> Done:
    """Commit an edit, apply it, take it back; what ran before must still run."""
    before = fleet.running()
    fleet.edit(path, old, new)
    fleet.commit(new.strip().splitlines()[0])
    try:
        done = fleet.apply(expect=code)
        assert fleet.running() == before
    finally:
        fleet.git("reset", "-q", "--hard", "HEAD~")
    return done


def publish(port: int) -> str:
    return PUBLISHED.replace("PORT", str(port))


def test_containers(small_containers: SmallFleet, subtests: pytest.Subtests) -> None:
    fleet = small_containers
    with subtests.test("an image that does not exist"):
        done = attempt(fleet, WORKER, PYTHON_IMAGE, "localhost:9/nosuch:9", 1)
        done.has(
            "the image localhost:9/nosuch:9 is not there and could not be pulled",
            "hint: check its name and tag",
            "failed: nothing was changed; production still runs ",
        )
        assert "local: local:" not in done.has(), "the host is named once"

    with (
        subtests.test("a port that another container has"),
        neighbour(fleet.url, f"neighbour-{fleet.project_id[:8]}") as (name, port),
    ):
        done = attempt(fleet, WORKER, "    stop_grace", f"{publish(port)}    stop_grace", 7)
        done.says(f"port {port} of local, wanted by alpha, belongs to ", name, f"--> {WORKER}:11:")

    with subtests.test("a container that dies at once"):
        done = attempt(fleet, WORKER, SERVES, "echo no database; exit 3", 3)
        done.has("exit code 3", "last lines of its log:\n", "    no database", f"{WORKER}:9:14",
                 "rolled back: alpha runs", "its old replicas were never stopped")  # fmt: skip

    with subtests.test("a command that is not in the image"):
        command = f"""[sh, -c, "trap 'exit 0' TERM; echo serving; {SERVES}"]"""
        done = attempt(fleet, WORKER, command, "[nosuchcommand]", 3)
        done.has("cannot be started", "nosuchcommand", "hint: look at the image", "rolled back")

    with subtests.test("an engine that does not answer"):
        done = attempt(fleet, PLACE, fleet.url, "unix:///nonexistent.sock", 1)
        done.says(
            "local of production cannot be reached: the engine at unix:///nonexistent.sock does "
            "not answer: No such file or directory", "agentgit doctor", "nothing was changed",
        )  # fmt: skip
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")


def test_two_projects_of_one_name(small_containers: SmallFleet, tmp_path: Path) -> None:
    """Only the id tells them apart: taking one down leaves the other alone."""
    mine = small_containers
    other = make_small_fleet(tmp_path / "other", mine.kind, mine.url, tmp_path / "elsewhere")
    with destroyed(other):
        other.apply()
        assert len(other.running()) == 1
        assert not other.running().items() & mine.running().items()
        theirs, networks = other.running(), networks_of(other)
        mine.run("destroy", "-e", "production", "--yes")
        assert mine.running() == {}
        assert networks_of(mine) == set()
        assert other.running() == theirs
        assert networks_of(other) == networks != set()
        assert other.plan("--detailed-exitcode").out.startswith("No changes.")
        mine.apply()
        other.run("destroy", "-e", "production", "--yes")
        assert len(mine.running()) == 1


def test_processes(small_fleet: SmallFleet, subtests: pytest.Subtests) -> None:
    fleet = small_fleet
    with subtests.test("a port that another process has"), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = attempt(fleet, WORKER, "    stop_grace", f"{publish(port)}    stop_grace", 7)
        done.says(f"port {port} of local, wanted by alpha, belongs to", f"--> {WORKER}:11:",
                  "leave out published")  # fmt: skip

    with subtests.test("a process that dies at once, again and again"):
        fleet.hold.touch()
        done = attempt(fleet, WORKER, "{exit: 0}", "{exit: 3}", 3)
        done.has("keeps crashing: restarted ", " times, last ended with exit code 3",
                 "    cannot reach the database", f"{WORKER}:5:18", "rolled back")  # fmt: skip

    with subtests.test("a process that dies at once and stays dead"):
        once = '    restart: "no"\n    stop_grace'
        fleet.edit(WORKER, "{exit: 0}", "{exit: 4}")  # with 3 it is in quarantine
        done = attempt(fleet, WORKER, "    stop_grace", once, 3)
        done.has("ended with exit code 4", "    cannot reach the database", "rolled back")

    with subtests.test("a command that is not there"):
        done = attempt(fleet, WORKER, f"[{sys.executable}, agent.py]", "[nosuchcommand]", 3)
        done.has("did not start", "nosuchcommand", "process.command", "rolled back")
    fleet.hold.unlink()

    for engine in ("docker", "podman"):
        with subtests.test(f"no {engine} answers"):
            away = f'engine: {engine}, endpoint: "unix:///nonexistent.sock"'
            done = attempt(fleet, PLACE, "engine: process", away, 1)
            done.says("local of production cannot be reached", "No such file or directory")
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")


def test_a_silent_engine_hides_no_replica(small_fleet: SmallFleet) -> None:
    """What does not answer is unknown: nowhere is that taken for "nothing runs"."""
    before = small_fleet.running()
    small_fleet.edit(PLACE, "process", 'docker, endpoint: "unix:///nonexistent.sock"')
    small_fleet.commit("Away")
    for words in (
        ("plan",), ("apply", "--yes"), ("logs", "alpha"),
        ("destroy", "-e", "production", "--yes"),
    ):  # fmt: skip
        done = small_fleet.run(*words, expect=1)
        done.says("local of production cannot be reached: ", "agentgit doctor")
    status = small_fleet.run("status", expect=1)
    status.has("? local cannot be reached", "what is pending cannot be said")
    small_fleet.run("history").has("succeeded")
    assert small_fleet.running() == before
    small_fleet.git("reset", "-q", "--hard", "HEAD~")


@pytest.fixture
def auto_fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    """A fleet on `engine: auto`, committed and not applied."""
    made = make_small_fleet(tmp_path / "small", "auto", "", tmp_path / "state")
    made.kind = "process"
    with destroyed(made):
        yield made


@pytest.mark.usefixtures("nothing_answers")
def test_auto_stays_with_what_it_was(auto_fleet: SmallFleet) -> None:
    """A recorded engine that has gone is an error, and no reason to start a second fleet."""
    auto_fleet.apply()
    running = auto_fleet.running()
    assert len(running) == 1, "where nothing answers, agents are processes"
    record = auto_fleet.state / auto_fleet.project_id / "engines-production.json"
    assert json.loads(record.read_text())["local"][0] == "process"
    good = record.read_text()

    record.write_text('{"local": ["docker", "unix:///gone.sock"]}')
    for words in (("plan",), ("apply", "--yes"), ("destroy", "-e", "production", "--yes")):
        done = auto_fleet.run(*words, expect=1)
        done.says("local of production cannot be reached: the engine at unix:///gone.sock")
        assert auto_fleet.running() == running
    for broken in ("{", '{"local": 3}', '{"local": ["dokcer", ""]}'):
        record.write_text(broken)
        auto_fleet.plan(expect=1).says(f"cannot read {record}", "remove the file to look again")
    record.write_text(good)
    assert auto_fleet.plan("--detailed-exitcode").out.startswith("No changes.")

    auto_fleet.edit(PLACE, "engine: auto", 'engine: auto, endpoint: "unix:///gone.sock"')
    auto_fleet.commit("An endpoint of its own")
    record.unlink()
    auto_fleet.plan(expect=1).says("no engine answers at unix:///gone.sock, the endpoint of local")
    auto_fleet.git("reset", "-q", "--hard", "HEAD~")


@pytest.fixture
def nothing_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the engines that this machine may have."""
    for variable in ("DOCKER_HOST", "CONTAINER_HOST"):
        monkeypatch.setenv(variable, f"unix://{tmp_path}/none.sock")


@contextmanager
def neighbour(url: str, name: str) -> Iterator[tuple[str, int]]:
    """A container that is nobody's, on a port that the engine has chosen."""
    client = docker.APIClient(base_url=url, timeout=30)
    try:
        made = client.create_container(
            PYTHON_IMAGE, ["sleep", "300"], name=name, ports=[8080],
            host_config=client.create_host_config(port_bindings={8080: ("127.0.0.1", None)}),
        )["Id"]  # fmt: skip
        client.start(made)
        bound = client.inspect_container(made)["NetworkSettings"]["Ports"]["8080/tcp"]
        yield name, int(bound[0]["HostPort"])
    finally:
        try:
            client.kill(name)
            client.remove_container(name, force=True)
        except docker.errors.NotFound:
            pass
        client.close()


def networks_of(fleet: SmallFleet) -> set[str]:
    client = docker.APIClient(base_url=fleet.url, timeout=30)
    try:
        ours = {"label": [f"dev.agentgit.project-id={fleet.project_id}"]}
        return {one["Id"] for one in client.networks(filters=ours)}
    finally:
        client.close()

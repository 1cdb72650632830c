from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.cli.main import COMMANDS
from agentgit.errors import ConfigError, Location, Problem


def test_wrong_usage_exits_64_with_a_hint(agentgit: Callable[..., Any]) -> None:
    for arguments in (("--nope",), ("plan", "--nope"), ("explain",), ("-C", "nowhere", "plan")):
        done = agentgit(*arguments)
        assert done.code == 64
        assert done.out == ""
        assert done.err.startswith("error: ")
        assert "\nhint: agentgit" in done.err


def test_an_unknown_command_is_suggested(agentgit: Callable[..., Any]) -> None:
    assert agentgit("pln").err == (
        "error: there is no command pln; did you mean plan?\nhint: agentgit --help\n"
    )


def test_alone_it_shows_its_help(agentgit: Callable[..., Any]) -> None:
    done = agentgit()
    assert done.code == 64
    assert "Commands:" in done.err


def test_help_lists_every_command(agentgit: Callable[..., Any]) -> None:
    done = agentgit("--help")
    assert done.code == 0
    for name, summary in COMMANDS.items():
        assert f"{name} " in done.out
        assert summary in done.out


def test_all_problems_are_shown_with_their_exit_code(
    agentgit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_doctor(
        monkeypatch,
        ConfigError.of((Problem("one", Location("a.yaml", 1)), Problem("two", hint="so"))),
    )
    done = agentgit("doctor")
    assert done.code == 65
    assert done.err == "error: one\n  --> a.yaml:1\n\nerror: two\nhint: so\n"


def test_a_bug_gives_one_line_and_a_report(
    agentgit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _break_doctor(monkeypatch, ValueError("\x1b[2Jwrong"))
    done = agentgit("doctor")
    assert done.code == 70
    first, second = done.err.splitlines()
    assert first == r"error: agentgit met a bug of its own: ValueError: \x1b[2Jwrong"
    assert "Traceback" not in done.err
    (report,) = tmp_path.glob("agentgit-crash-*.txt")
    assert str(report) in second
    assert "Traceback" in report.read_text(encoding="utf-8")


def test_an_interrupt_exits_130(
    agentgit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_doctor(monkeypatch, KeyboardInterrupt())
    assert agentgit("doctor").code == 130


@pytest.mark.parametrize(
    ("variables", "arguments", "coloured"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"FORCE_COLOR": "1"}, ("--no-color",), False),
        ({"NO_COLOR": ""}, (), False),
    ],
)
def test_colour_is_a_choice(
    agentgit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    arguments: tuple[str, ...],
    coloured: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = agentgit(*arguments, "doctor")
    assert ("\x1b[" in done.out) == coloured


def test_a_closed_pipe_is_no_bug() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "agentgit", "doctor"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1


def test_doctor_says_what_is_missing(agentgit: Callable[..., Any]) -> None:
    done = agentgit("doctor", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document["format"] == "agentgit/doctor@1"
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert states["git"] == "ok"
    assert states["project"] == "note"
    assert {"docker", "podman", "process"} <= set(states)


def test_doctor_asks_the_hosts_of_the_project(
    project: Path,
    agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
) -> None:
    assert project
    file = "environments/production/environment.yaml"
    edit(file, "engine: auto", "engine: docker, endpoint: 'unix:///nowhere/engine.sock'")
    commit("Nowhere")
    done = agentgit("doctor", "--json")
    checks = {one["name"]: one for one in json.loads(done.out)["checks"]}
    assert done.code == 1
    assert checks["staging/local"]["state"] == "ok"
    assert checks["production/local"]["state"] == "bad"
    assert checks["production/local"]["detail"] == "nothing is at /nowhere/engine.sock"


@pytest.mark.parametrize(("installed", "hint"), [(True, "it is installed"), (False, "apt-get")])
def test_doctor_suggests_to_install_only_what_is_not_installed(
    agentgit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    installed: bool,  # noqa: FBT001 - a parameter of the test
    hint: str,
) -> None:
    for variable in ("DOCKER_HOST", "CONTAINER_HOST", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    places = (f"unix://{tmp_path}/none.sock",)
    monkeypatch.setattr("agentgit.cli.checks.find_endpoints", lambda _: places)
    found = "/usr/bin/docker" if installed else None
    monkeypatch.setattr("shutil.which", lambda _: found)
    checks = {one["name"]: one for one in json.loads(agentgit("doctor", "--json").out)["checks"]}
    assert hint in checks["docker"]["hint"]
    assert hint in checks["podman"]["hint"]


def _break_doctor(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("agentgit.cli.checks.check_git", fail)


LEAVING = """
import atexit, sys, threading
from agentgit.__main__ import main
atexit.register(print, "taken down")
if sys.argv.pop() == "thread":
    threading.Thread(target=lambda: (threading.main_thread().join(), print("done"))).start()
sys.argv = ["agentgit", "--version"]
main()
"""


@pytest.mark.parametrize(("way", "rest"), [("alone", []), ("thread", ["done", "taken down"])])
def test_the_program_ends_at_once_unless_something_is_at_work(way: str, rest: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVING, way], capture_output=True, text=True, check=True
    )
    first, *others = done.stdout.splitlines()
    assert first.startswith("agentgit ")
    assert others == rest


def test_nobody_needs_to_listen() -> None:
    command = '"$0" -m agentgit --version >&- 2>&-'
    assert subprocess.run(["sh", "-c", command, sys.executable], check=False).returncode == 0

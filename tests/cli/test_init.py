from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.cli.template_files import name_of


def test_it_writes_a_valid_project_and_commits_nothing(
    agentgit: Callable[..., Any], git: Callable[..., str]
) -> None:
    git("init", "--quiet")
    done = agentgit("init")
    assert done.code == 0
    listed = {line.strip() for line in done.out.splitlines() if line.startswith("  ")}
    written = {str(path.relative_to(Path.cwd())) for path in Path.cwd().rglob("*")
               if path.is_file() and ".git" not in path.parts}  # fmt: skip
    assert written <= listed
    assert "agentgit apply -e staging" in listed
    assert "git init" not in listed
    assert git("status", "--porcelain").startswith("?? ")
    assert agentgit("validate").code == 0


def test_every_mark_is_filled_in(agentgit: Callable[..., Any]) -> None:
    agentgit("init")
    for path in Path.cwd().rglob("*"):
        if path.is_file():
            assert not re.search(r"@[A-Z_]+@", path.read_text(encoding="utf-8")), path


def test_each_project_gets_its_own_identity(agentgit: Callable[..., Any]) -> None:
    ids = set()
    for name in ("one", "two"):
        Path(name).mkdir()
        agentgit("-C", name, "init")
        text = (Path(name) / "agentgit.yaml").read_text(encoding="utf-8")
        ids.add(re.search(r"id: (\S+)", text)[1])  # type: ignore[index]
    assert len(ids) == 2


def test_without_a_repository_it_says_so(agentgit: Callable[..., Any]) -> None:
    done = agentgit("init")
    assert done.code == 0
    assert "\n  git init\n" in done.out


def test_nothing_is_overwritten(agentgit: Callable[..., Any]) -> None:
    Path("agentgit.yaml").write_text("mine\n", encoding="utf-8")
    done = agentgit("init")
    assert done.code == 64
    assert "already has agentgit.yaml" in done.err
    assert [path.name for path in Path.cwd().iterdir()] == ["agentgit.yaml"]
    assert Path("agentgit.yaml").read_text(encoding="utf-8") == "mine\n"


def test_the_ledger_is_shared_where_there_is_a_remote(
    agentgit: Callable[..., Any], git: Callable[..., str]
) -> None:
    git("init", "--quiet")
    git("remote", "add", "origin", "https://git.example/acme.git")
    agentgit("init")
    assert "ledger: {remote: origin}" in Path("agentgit.yaml").read_text(encoding="utf-8")
    assert agentgit("validate").code == 0


def test_a_bad_name_is_refused_with_a_good_one(agentgit: Callable[..., Any]) -> None:
    done = agentgit("init", "--name", "Acme Inc.")
    assert done.code == 64
    assert "such as acme-inc" in done.err
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("text", "name"), [("Acme Inc.", "acme-inc"), ("--", "fleet"), ("x" * 50, "x" * 40)]
)
def test_any_text_becomes_a_name(text: str, name: str) -> None:
    assert name_of(text) == name


def test_its_schemas_are_fresh_and_named_by_the_files(agentgit: Callable[..., Any]) -> None:
    agentgit("init")
    assert agentgit("schema", "--check").code == 0
    for path in (*Path().glob("*.yaml"), *Path("global").rglob("*.yaml"),
                 *Path("environments").rglob("*.yaml")):  # fmt: skip
        first = path.read_text(encoding="utf-8").splitlines()[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / schema).is_file(), path


def test_a_stale_schema_is_noticed_and_written(agentgit: Callable[..., Any]) -> None:
    agentgit("init")
    Path("schemas/agent.schema.json").write_text("{}", encoding="utf-8")
    done = agentgit("schema", "--check")
    assert done.code == 1
    assert "agent.schema.json" in done.err
    assert agentgit("schema").out == "wrote schemas/agent.schema.json\n"
    assert agentgit("schema", "--check").code == 0


def test_its_agent_really_answers(agentgit: Callable[..., Any], tmp_path: Path) -> None:
    agentgit("init")
    config = tmp_path / "agent.json"
    config.write_text(
        json.dumps({"instance": "hello", "model": {"id": "m"}, "instructions": {"text": "Hi\n"}}),
        encoding="utf-8",
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = os.environ | {"AGENTGIT_PORT_HTTP": str(port), "AGENTGIT_CONFIG": str(config)}
    command = [sys.executable, "agents/hello/agent.py"]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as agent:
        try:
            assert agent.stdout is not None
            assert "hello listens" in agent.stdout.readline()
            assert subprocess.run([*command, "check"], env=variables, check=False).returncode == 0
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/message", json.dumps({"message": "you"}).encode()
            )
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same
                answer = json.load(response)
        finally:
            agent.send_signal(signal.SIGTERM)
    assert answer == {
        "instance": "hello",
        "model": "m",
        "instructions": "Hi",
        "answer": "Hello! You said: you",
    }
    assert agent.returncode == 0
    assert subprocess.run([*command, "check"], env=variables, check=False).returncode == 1

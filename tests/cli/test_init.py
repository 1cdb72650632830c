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
    assert "\n  git init -b main\n" in done.out
    text = Path("environments/production/environment.yaml").read_text(encoding="utf-8")
    assert "source: {branch: main}" in text


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
    assert "\n  ledger: {remote: origin}" in Path("agentgit.yaml").read_text(encoding="utf-8")
    assert agentgit("validate").code == 0


def test_without_a_remote_the_ledger_is_a_comment(
    agentgit: Callable[..., Any], git: Callable[..., str]
) -> None:
    git("init", "--quiet")
    agentgit("init")
    text = Path("agentgit.yaml").read_text(encoding="utf-8")
    assert "\n  # ledger: {remote: origin}  # " in text
    Path("agentgit.yaml").write_text(text.replace("# ledger", "ledger"), encoding="utf-8")
    assert agentgit("validate").code == 0


@pytest.mark.parametrize("branch", ["main", "feature/x", "no", "1.0", "a#b"])
def test_production_follows_the_branch_that_is_checked_out(
    agentgit: Callable[..., Any],
    git: Callable[..., str],
    commit: Callable[[str], str],
    branch: str,
) -> None:
    git("init", "--quiet", "--initial-branch", branch)
    agentgit("init")
    commit("First fleet")
    assert f", {branch}\n" in agentgit("plan", "-e", "production").out


def test_the_image_is_named_before_production(agentgit: Callable[..., Any]) -> None:
    done = agentgit("init")
    image = re.search(r"image: (\S+)", Path("global/agents/hello.yaml").read_text())
    assert image is not None
    assert f"\n  docker build -t {image[1]} agents/hello" in done.out


@pytest.mark.parametrize(("folder", "name"), [("Grüße", "gruesse"), ("Café Nº 1", "cafe-no-1")])
def test_letters_with_marks_are_written_without(
    agentgit: Callable[..., Any], folder: str, name: str
) -> None:
    Path(folder).mkdir()
    assert agentgit("-C", folder, "init").code == 0
    text = (Path(folder) / "agentgit.yaml").read_text(encoding="utf-8")
    assert f"metadata: {{name: {name}}}" in text


def test_letters_that_have_no_match_are_asked_for(agentgit: Callable[..., Any]) -> None:
    Path("日本").mkdir()
    done = agentgit("-C", "日本", "init")
    assert done.code == 64
    assert "hint: agentgit init --name NAME" in done.err
    assert agentgit("-C", "日本", "init", "--name", "nihon").code == 0


@pytest.mark.parametrize("text", ["", "spec: {}\n"])
def test_a_project_without_an_id_is_told_how_to_get_one(
    agentgit: Callable[..., Any], git: Callable[..., str], text: str
) -> None:
    git("init", "--quiet")
    head = "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: acme}\n"
    Path("agentgit.yaml").write_text(head + text, encoding="utf-8")
    done = agentgit("validate")
    assert done.code == 65
    assert "is missing" in done.err
    assert "import uuid; print(uuid.uuid4())" in done.err


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

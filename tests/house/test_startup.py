"""`agentgit --help` starts at once: it imports nothing that it does not show."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

HEAVY = {"docker", "git", "deepdiff", "jsonschema", "pydantic", "ruamel", "_ruamel_yaml"}
WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example")
PROGRAM = r"""
import json, sys
from agentgit.cli.main import run
code = run(sys.argv[1:])
modules = {name.partition(".")[0] for name in sys.modules}
modules = sorted(modules | {name for name in sys.modules if name.startswith("agentgit.")})
sys.stderr.write("\n" + json.dumps([int(code), modules]))
"""


def _start(*arguments: str) -> tuple[int, set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules), done.stdout


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("plan", "--help"), ("apply", "--help")]
)
def test_help_and_version_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code, modules, out = _start(*arguments)
    assert code == 0
    assert "agentgit" in out
    assert modules & HEAVY == set()


def test_the_check_above_would_notice() -> None:
    _, modules, _ = _start("validate")
    assert "pydantic" in modules


@pytest.mark.parametrize("rehearse", [(), ("--rehearse",)])
def test_only_a_rehearsal_imagines_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearse: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AGENTGIT_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "fleet"
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    assert _start("-C", str(folder), "init")[0] == 0
    for words in (("add", "-A"), (*WHO, "commit", "-q", "-m", "First")):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    code, modules, _ = _start("-C", str(folder), "plan", "-e", "staging", "--json", *rehearse)
    assert code == 0
    assert "agentgit.report.json_v1_plan" in modules
    assert not [name for name in modules if name.startswith("agentgit.report.documents")]
    assert ("agentgit.providers.memory" in modules) == bool(rehearse)


@pytest.mark.parametrize("name", ["catalog", "container", "origin", "snapshot", "spec"])
def test_annotations_of_what_every_compile_loads_are_no_text(name: str) -> None:
    module = import_module(f"agentgit.model.{name}")
    assert not hasattr(module, "annotations"), "pydantic compiles the text of each annotation"

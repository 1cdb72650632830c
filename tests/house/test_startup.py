"""`agentgit --help` starts at once: it imports nothing that it does not show."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"docker", "git", "deepdiff", "jsonschema", "pydantic", "ruamel", "_ruamel_yaml"}
PROGRAM = r"""
import json, sys
from agentgit.cli.main import run
code = run(sys.argv[1:])
modules = sorted({name.partition(".")[0] for name in sys.modules})
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

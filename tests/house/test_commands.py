"""Every command explains itself, in its help and in the README."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from agentgit import __version__
from agentgit.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=sorted(COMMANDS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def command(name: str) -> click.Command:
    found = import_module(f"agentgit.cli.{name}").command
    assert isinstance(found, click.Command)
    return found


def test_it_is_called_as_it_is_listed(name: str, command: click.Command) -> None:
    assert command.name == name


def test_its_help_has_a_sentence_and_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert command.help.partition("\n")[0].endswith(".")
    assert f"  agentgit {name}" in (command.epilog or "") or "agentgit -C" in (
        command.epilog or ""
    )


def test_every_option_says_what_it_does(command: click.Command) -> None:
    silent = [one.name for one in command.params if isinstance(one, click.Option) and not one.help]
    assert silent == []


def test_its_module_is_short(name: str) -> None:
    lines = (ROOT / "agentgit" / "cli" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100


def test_the_readme_shows_it(name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"agentgit (-C \S+ )?{name}\b", readme)


def test_the_version_is_the_projects() -> None:
    declared = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert declared is not None
    assert declared.group(1) == __version__

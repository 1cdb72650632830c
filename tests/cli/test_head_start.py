"""git may start before the command line is read, and that changes no answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.cli.head_start import begin
from agentgit.source.repository import GitSource
from agentgit.source.state import finish_looking

AGENT = "global/agents/hello.yaml"


def call(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "agentgit", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    "arguments",
    [(), ("plan",), ("validate", "--help"), ("validate", "--no-cache"), ("-C",), ("-C", "."),
     ("validate", "--revision=HEAD"), ("--no-color", "validate"), ("-C", "/", "validate")],
)  # fmt: skip
def test_nothing_begins_for_other_calls(
    project: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert begin(arguments) is None


def test_the_look_is_that_of_the_folder(project: Path, tmp_path: Path) -> None:
    early = begin(["-C", str(project), "validate", "--json"])
    assert early is not None
    assert os.path.realpath(early.place.top) == os.path.realpath(project)
    look = finish_looking(early.place, early.looking)
    assert look is not None
    assert AGENT in {path for path, *_ in look.changed} or AGENT.encode() in look.listing
    assert begin(["-C", str(tmp_path / "nowhere"), "validate"]) is None
    with GitSource.open_place(early.place, look) as source:
        assert source.git._reader is not None, "git gets ready while the compiler is loaded"


def test_the_program_says_what_it_says_without(
    project: Path, edit: Callable[[str, str, str], None], agentgit: Callable[..., Any]
) -> None:
    for arguments in (("validate",), ("-C", str(project), "validate")):
        expected = agentgit("-C", str(project), "validate", "--no-cache")
        assert call(project, *arguments) == (expected.code, expected.out)
        assert call(project, *arguments) == (expected.code, expected.out)
    edit(AGENT, "scale: {replicas: 1}", "scale: {replicas: three}")
    assert call(project, "validate")[0] == 65
    assert call(project / "global", "-C", "..", "validate")[0] == 65

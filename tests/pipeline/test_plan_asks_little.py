"""What a plan without changes asks of git: it is made again and again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Project


def test_git_is_started_three_times(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.apply()
    asked, folder = tmp_path / "asked", tmp_path / "programs"
    folder.mkdir()
    git = folder / "git"
    git.write_text(f'#!/bin/sh\necho "$1" >> "{asked}"\nexec "{shutil.which("git")}" "$@"\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    plan = project.plan().plan
    assert plan is not None
    assert plan.is_empty
    assert sorted(asked.read_text().split()) == ["cat-file", "for-each-ref", "rev-parse"]

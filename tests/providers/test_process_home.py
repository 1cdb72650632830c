"""A process host that was renamed is found again, and nothing else is taken for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agentgit.providers.process.home import find_home, keep_home
from agentgit.providers.process.store import FolderStore


def inhabit(
    base: Path, host: str, environment: str = "production", *, replica: bool = True
) -> None:
    """Leave what a rollout leaves on a host; without a replica, what stays when all have gone."""
    FolderStore(host, base / host / "store").create(f"identity-{environment}", b"A")
    if replica:
        folder = base / host / "replicas" / f"{environment}-1"
        folder.mkdir(parents=True)
        (folder / "replica.json").write_text(json.dumps({"environment": environment}))


def home(base: Path, host: str, *beside: str) -> str:
    found = find_home(base, host, (host, *beside), "production")
    assert found.parent == base
    return found.name


def test_a_host_lives_under_its_name(tmp_path: Path) -> None:
    assert home(tmp_path / "nothing yet", "local") == "local"
    assert home(tmp_path / ("n" * 300), "local") == "local", (
        "what is wrong is said when it is used"
    )
    (tmp_path / "engines-production.json").write_text("{}")
    inhabit(tmp_path, "local")
    inhabit(tmp_path, "other")
    assert home(tmp_path, "local") == "local"
    assert home(tmp_path, "local", "other") == "local"
    assert home(tmp_path, "other", "local") == "other"


def test_a_renamed_host_stays_where_it_was(tmp_path: Path) -> None:
    inhabit(tmp_path, "local")
    assert home(tmp_path, "renamed") == "local"
    inhabit(tmp_path, "second")
    assert home(tmp_path, "renamed", "second") == "local"
    inhabit(tmp_path, "left", replica=False)
    inhabit(tmp_path, "elsewhere", "staging")
    assert home(tmp_path, "renamed", "second") == "local"


def test_what_a_rollout_has_written_down_holds_when_nothing_runs_any_more(tmp_path: Path) -> None:
    inhabit(tmp_path, "local")
    keep_home(tmp_path, "local", tmp_path / "local")
    for _ in range(2):
        keep_home(tmp_path, "renamed", find_home(tmp_path, "renamed", ("renamed",), "production"))
    assert home(tmp_path, "again") == "local"
    shutil.rmtree(tmp_path / "local" / "replicas")
    assert home(tmp_path, "renamed") == "local"
    shutil.rmtree(tmp_path / "local")
    assert home(tmp_path, "renamed") == "local", "gone, and made anew where it was"


@pytest.mark.parametrize("there", ["two new names", "two folders", "a folder of that name"])
def test_who_it_is_must_be_certain(tmp_path: Path, there: str) -> None:
    inhabit(tmp_path, "local")
    if there == "two folders":
        inhabit(tmp_path, "other")
    if there == "a folder of that name":
        inhabit(tmp_path, "one", "staging")
    beside = ("two",) if there == "two new names" else ()
    assert home(tmp_path, "one", *beside) == "one"

"""The README's table has every exit code that agentgit can end with, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from agentgit.errors import AgentgitError, Exit

ROOT = Path(__file__).parents[2]
USED_NOWHERE = {Exit.WAITING}  # kept for promotions and approvals


def read_table() -> set[int]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| exit code | meaning |")[2].partition("\n\n")[0]
    return {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}


def list_errors(kind: type[AgentgitError] = AgentgitError) -> Iterator[type[AgentgitError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from list_errors(below)


def test_the_readme_has_every_exit_code() -> None:
    assert read_table() == set(Exit) - USED_NOWHERE


def test_every_error_has_one_of_them() -> None:
    assert {int(one.exit_code) for one in list_errors()} <= read_table()


def test_nothing_else_is_used() -> None:
    """Every code is named somewhere beside its list, but those that nothing uses yet."""
    places = [path for path in (ROOT / "agentgit").rglob("*.py") if path.name != "several.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in places)
    assert {Exit[name] for name in re.findall(r"\bExit\.([A-Z_]+)\b", text)} == (
        set(Exit) - USED_NOWHERE
    )

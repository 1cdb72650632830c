"""The planner's specification: every case of every Markdown file in this folder.

`UPDATE_CASES=1 pytest tests/cases` writes today's answers; read the difference before you commit.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cases.run import Case, play, read_cases, rewrite

FILES = sorted(Path(__file__).parent.glob("*.md"))
CASES = [pytest.param(c, id=f"{f.stem}: {c.title}") for f in FILES for c in read_cases(f)]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case) -> None:
    _, text = play(case)
    assert text == case.answer


@pytest.mark.skipif("UPDATE_CASES" not in os.environ, reason="rewrites the answers when asked to")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rewrite(path: Path) -> None:
    rewrite(path)

"""The planner's specification: every case of every Markdown file in this folder.

`python -m tests.cases.run` writes today's answers; read the difference before you commit.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.run import Case, play, read_cases

FILES = sorted(Path(__file__).parent.glob("*.md"))
CASES = [pytest.param(c, id=f"{f.stem}: {c.title}") for f in FILES for c in read_cases(f)]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case) -> None:
    _, text = play(case)
    assert text == case.answer

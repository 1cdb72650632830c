"""The format's specification: every answer of every Markdown file in `format/`.

`python -m tests.cases.run_format` writes today's answers; read the difference before you commit.
"""

from __future__ import annotations

import pytest

from tests.cases.run_format import FOLDER, FormatCase, answer, read_format_cases

CASES = [
    pytest.param(case, info, id=f"{file.stem}: {case.title}: {info}")
    for file in sorted(FOLDER.glob("*.md"))
    for case in read_format_cases(file)
    for info in case.answers
]


@pytest.mark.parametrize(("case", "info"), CASES)
def test_format_case(case: FormatCase, info: str) -> None:
    assert answer(case, info) == case.answers[info]

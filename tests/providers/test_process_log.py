"""The last lines of a log, and those to come."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.providers.process.log import read_log

LINE = st.sampled_from(["", "a", "ü" * 3, "x" * 70_000])


def read(data: bytes, tail: int | None) -> list[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        lines = read_log(Path(file.name), tail=tail, follow=False, is_running=lambda: False)
        return list(lines)


@given(lines=st.lists(LINE, max_size=6), ended=st.booleans(), tail=st.integers(0, 8))
def test_tail_is_the_end_of_all(lines: list[str], ended: bool, tail: int) -> None:  # noqa: FBT001
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    everything = read(text.encode(), None)
    assert everything == text.split("\n")[: None if text and not text.endswith("\n") else -1]
    assert read(text.encode(), tail) == (everything[-tail:] if tail else [])


@pytest.mark.parametrize(("data", "line"), [(b"a\r\n", "a"), (b"\xff\n", "\ufffd")])
def test_lines_have_no_ends_and_are_text(data: bytes, line: str) -> None:
    assert read(data, None) == [line]


def test_no_log_yet(tmp_path: Path) -> None:
    gone = read_log(tmp_path / "log", tail=None, follow=True, is_running=lambda: True)
    assert list(gone) == []


def test_following_sees_the_last_words(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntw")
    answers = iter([True, True, False])

    def is_running() -> bool:
        running = next(answers)
        with path.open("a") as file:
            file.write("o\n" if running else "last")
        return running

    lines = read_log(path, tail=None, follow=True, is_running=is_running)
    assert list(lines) == ["one", "two", "o", "last"]

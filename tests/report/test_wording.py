from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.report.wording import (
    join_names,
    lay_out,
    word_age,
    write_actor,
    write_elapsed,
    write_value,
)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=21), "3 weeks ago"),
        (timedelta(days=160), "5 months ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_ages(now: datetime, ago: timedelta, said: str) -> None:
    assert word_age(now - ago, now) == said


def test_an_unknown_time_has_no_age(now: datetime) -> None:
    assert word_age(None, now) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0s"), (9.96, "10s"), (59.6, "1m00s"), (72, "1m12s"), (3720, "1h02m")],
)
def test_elapsed(seconds: float, said: str) -> None:
    assert write_elapsed(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.2, "0.2"),
        (None, "null"),
        (True, "true"),
        ("512m", "512m"),
        ("two words", "two words"),
        ("true", '"true"'),
        ("0.2", '"0.2"'),
        ("", '""'),
        (" x", '" x"'),
        ("a: b", '"a: b"'),
        ("a\n\x1b", r'"a\n\u001b"'),
        (["a", 1], '["a", 1]'),
        ({"a": "ü"}, '{"a": "ü"}'),
    ],
)
def test_values_on_one_line(value: Any, said: str) -> None:
    assert write_value(value) == said


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_a_value_is_always_one_short_safe_line(value: Any) -> None:
    text = write_value(value, width=40)
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(text) <= 40


def test_many_names_are_folded() -> None:
    assert join_names(["a", "b"]) == "a, b"
    assert join_names([str(n) for n in range(10)], limit=3) == "0, 1 and 8 more"


def test_columns_line_up() -> None:
    assert lay_out([("a", "bb", ""), ("中文", "c", "d")]) == ["  a     bb", "  中文  c   d"]


def test_a_person_is_named_without_the_address() -> None:
    assert write_actor("Ana <ana@acme.example>") == "Ana"
    assert write_actor("<ana@acme.example>") == "<ana@acme.example>"

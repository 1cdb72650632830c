from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.report.palette import COLOURED, PLAIN, clip, columns, pad, safe


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("two\nlines\r", r"two\nlines\r"),
        ("a\tb", "a b"),
        ("abc\u202edef", r"abc\u202edef"),
        ("\x9b31m", r"\x9b31m"),
        ("\udcff", r"\udcff"),
        ("grün, 中文, 👩\u200d💻", "grün, 中文, 👩\u200d💻"),
    ],
)
def test_hostile_text_is_shown_as_what_it_is(hostile: str, shown: str) -> None:
    assert safe(hostile) == shown


@given(st.text())
def test_no_control_character_ever_passes(text: str) -> None:
    shown = safe(text)
    assert all(character >= " " and not "\x7f" <= character <= "\x9f" for character in shown)
    assert safe(shown) == shown
    shown.encode("utf-8")


def test_colour_wraps_the_text_and_plain_adds_nothing() -> None:
    assert PLAIN.paint("error", "x") == "x"
    assert COLOURED.paint("error", "x") == "\x1b[1;31mx\x1b[0m"
    assert COLOURED.paint("error", "") == ""


def test_wide_and_combining_characters_count_as_they_look() -> None:
    assert columns("中文") == 4
    assert columns("e\u0301") == 1
    assert pad("中", 4) == "中  "
    assert clip("中文中文", 5) == "中文…"
    assert clip("short", 5) == "short"

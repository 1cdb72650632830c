from __future__ import annotations

from agentgit.report.text_diff import write_text_diff


def test_an_edited_line_is_shown_word_by_word() -> None:
    before = "Be kind.\nYou may refund up to 50 EUR without asking.\n"
    after = "Be kind.\nYou may refund up to 200 EUR without asking.\n"
    assert write_text_diff(before, after) == (
        "You may refund up to [-50-]{+200+} EUR without asking.",
    )


def test_new_and_lost_lines_are_marked_whole() -> None:
    assert write_text_diff("a\nb\n", "a\nb\nc\n") == ("{+c+}",)
    assert write_text_diff("a\nb\nc\n", "a\nc\n") == ("[-b-]",)
    assert write_text_diff("", "new\n") == ("{+new+}",)


def test_a_difference_that_nobody_sees_is_said() -> None:
    for before in ("a\r\nb\r\n", "a\nb", "a\nb\r\n"):
        assert write_text_diff(before, "a\nb\n") == ("only the ends of lines differ",)
    assert write_text_diff("a\n", "a\n") == ()


def test_a_long_difference_is_folded() -> None:
    after = "".join(f"line {n}\n" for n in range(30))
    lines = write_text_diff("", after, limit=5)
    assert lines == (*(f"{{+line {n}+}}" for n in range(4)), "... 26 more changed lines")


def test_a_long_line_shows_what_is_around_the_change() -> None:
    before = "x " * 300 + "old" + " y" * 300
    (line,) = write_text_diff(before, before.replace("old", "new"))
    assert "[-old-]{+new+}" in line
    assert len(line) < 100


def test_a_huge_difference_stays_quick_and_complete() -> None:
    before, after = ("\n".join(f"{word} {n}" for n in range(20_000)) for word in ("old", "new"))
    assert write_text_diff(before, after)[-1].startswith("... ")


def test_escapes_are_shown_not_obeyed() -> None:
    assert write_text_diff("", "\x1b[2J\n") == (r"{+\x1b[2J+}",)

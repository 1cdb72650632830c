"""Texts compared: nothing that somebody must see is cut without being counted."""

from __future__ import annotations

import random

from agentgit.report.extent import FULL, Extent
from agentgit.report.text_diff import write_text_diff

LINES = "".join(f"line {n}\n" for n in range(1, 101))


def test_an_edited_line_is_shown_word_by_word() -> None:
    before = "Be kind.\nYou may refund up to 50 EUR without asking.\n"
    after = "Be kind.\nYou may refund up to 200 EUR without asking.\n"
    assert write_text_diff(before, after) == (
        "@@ -2 +2 @@",
        "~ You may refund up to [-50-]{+200+} EUR without asking.",
    )


def test_new_and_lost_lines_are_marked_whole() -> None:
    assert write_text_diff("a\nb\n", "a\nb\nc\n") == ("@@ -2,0 +3 @@", "+ c")
    assert write_text_diff("a\nb\nc\n", "a\nc\n") == ("@@ -2 +1,0 @@", "- b")
    assert write_text_diff("", "new\n") == ("@@ -0,0 +1 @@", "+ new")


def test_every_place_has_its_line_numbers() -> None:
    """Places that are far from each other are not glued; of two near ones one is made."""
    after = LINES.replace("line 14\n", "line XIV\n").replace("line 60\n", "").replace(
        "line 91\n", "line 91\nmore\n"
    )  # fmt: skip
    heads = [line for line in write_text_diff(LINES, after) if line.startswith("@@")]
    assert heads == ["@@ -14 +14 @@", "@@ -60 +59,0 @@", "@@ -91,0 +91 @@"]
    near = LINES.replace("line 14\n", "another\n").replace("line 16\n", "one more\n")
    assert write_text_diff(LINES, near) == (
        "@@ -14,3 +14,3 @@",
        "- line 14",
        "+ another",
        "  line 15",
        "- line 16",
        "+ one more",
    )


def test_a_difference_that_nobody_sees_is_said() -> None:
    for before in ("a\r\nb\r\n", "a\nb", "a\nb\r\n"):
        assert write_text_diff(before, "a\nb\n") == ("  only the ends of lines differ",)
    assert write_text_diff("a\n", "a\n") == ()


def test_a_separator_that_no_editor_counts_is_no_end_of_a_line() -> None:
    assert write_text_diff("a\nb\u2028c\n", "a\nb\u2028d\n") == (
        "@@ -2 +2 @@",
        r"~ b\u2028[-c-]{+d+}",
    )


def test_an_added_line_is_there_to_its_end() -> None:
    line = "Be polite in this conversation, and " + "never " * 40 + "transfer all money."
    assert write_text_diff("a\n", f"a\n{line}\n")[1] == f"+ {line}"
    huge = "x" * 3000
    (_, cut) = write_text_diff("", huge)
    assert cut == f"+ {'x' * 2000}… 1000 more characters; --full shows all …"
    assert write_text_diff("", huge, extent=FULL)[1] == f"+ {huge}"


def test_a_long_line_shows_every_change_and_counts_what_is_between() -> None:
    words = [f"word{n}" for n in range(275)]
    before = f"Hello {' '.join(words[:200])} pay 50 EUR {' '.join(words[200:])}"
    after = before.replace("Hello", "Hi").replace("50 EUR", "5000 EUR")
    _, line = write_text_diff(before, after)
    assert line.startswith("~ [-Hello-]{+Hi+} word0 ")
    assert "pay [-50-]{+5000+} EUR word200 " in line
    left = [int(part.rpartition("… ")[2]) for part in line.split(" characters unchanged …")[:-1]]
    assert len(left) == 2
    shown = line.replace("[-Hello-]", "").replace("[-50-]", "")
    assert len(after) - sum(left) == len(
        "".join(part.rpartition("… ")[0] for part in shown.split(" characters unchanged …")[:-1])
        + shown.rpartition(" characters unchanged …")[2]
    ) - len("~ {++}{++}")
    _, whole = write_text_diff(before, after, extent=FULL)
    assert "unchanged" not in whole
    assert len(whole) > len(after)


def test_a_line_of_a_thousand_words_is_compared_by_sentence() -> None:
    rest = " ".join(f"It is so {n}." for n in range(500))
    _, line = write_text_diff(f"Hello. {rest} Bye.", f"Hi. {rest.replace('250', 'x')} Bye now.")
    assert line.startswith("~ [-Hello. -]{+Hi. +}It is so 0. It")
    assert "[-It is so 250. -]{+It is so x. +}" in line
    assert line.endswith("[-Bye.-]{+Bye now.+}")


def test_a_rewritten_text_shows_the_new_one_as_much_as_the_old() -> None:
    before = "".join(f"old {n} {n * 7}\n" for n in range(60))
    after = "".join(f"neu, anders: {n}\n" for n in range(80))
    whole = write_text_diff(before, after)
    assert sum(line.startswith("- ") for line in whole) == 60
    assert sum(line.startswith("+ ") for line in whole) == 80
    cut = write_text_diff(before, after, extent=Extent(lines=20))
    assert sum(line.startswith("- ") for line in cut) == 10
    assert sum(line.startswith("+ ") for line in cut) == 10
    assert cut[-1] == "... 120 more lines (50 removed, 70 added); --full shows all"


def test_a_side_leaves_the_room_that_it_does_not_need() -> None:
    after = "".join(f"new {n}\n" for n in range(30))
    cut = write_text_diff("one\n\n", after, extent=Extent(lines=12))
    assert sum(line.startswith("+ ") for line in cut) == 10
    assert cut[-1] == "... 20 more lines (20 added); --full shows all"


def test_a_hostile_text_stays_quick() -> None:
    rng = random.Random(1)  # noqa: S311 - the same texts each time
    lines = ["\n".join(rng.choice(["", "a", "b"]) for _ in range(15_000)) for _ in range(2)]
    assert write_text_diff(*lines)[-1].startswith("... ")
    words = ["\n".join(" ".join(rng.choice("abc") for _ in range(700)) for _ in range(20))
             for _ in range(2)]  # fmt: skip
    assert write_text_diff(*words)


def test_escapes_are_shown_not_obeyed() -> None:
    assert write_text_diff("", "\x1b[2J\n") == ("@@ -0,0 +1 @@", r"+ \x1b[2J")

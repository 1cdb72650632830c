from __future__ import annotations

from agentgit.errors import Location, Problem
from agentgit.report.problems import write_problems

FILE = "environments/production/instances/support-eu.yaml"


def test_an_error_points_at_its_place() -> None:
    location = Location(FILE, 6, 21, 5, "  scale: {replicas: three}")
    problem = Problem('replicas must be a whole number, found "three"', location, "write 3")
    assert write_problems([problem]) == (
        'error: replicas must be a whole number, found "three"\n'
        f"  --> {FILE}:6:21\n"
        "   |\n"
        " 6 |   scale: {replicas: three}\n"
        "   |                     ^^^^^\n"
        "hint: write 3"
    )


def test_the_other_place_is_named_with_its_role() -> None:
    problem = Problem(
        "a map and a list clash",
        Location("a.yaml", 2),
        also=(("first set here", Location("b", 9)),),
    )
    assert write_problems([problem]).splitlines()[1:] == [
        "  --> a.yaml:2",
        "  ::: b:9  first set here",
    ]


def test_many_problems_are_bounded() -> None:
    text = write_problems([Problem(f"problem {n}") for n in range(25)], limit=3)
    assert text.count("error: problem") == 3
    assert text.endswith("error: and 22 more errors")


def test_the_caret_stays_below_its_column_in_a_hostile_line() -> None:
    location = Location("a.yaml", 1, 4, 1, "\x1b\t中x")
    lines = write_problems([Problem("no", location)]).splitlines()
    assert lines[3] == " 1 | \\x1b 中x"
    assert lines[4].index("^") - lines[3].index("x", 8) in {0, 1}  # 中 takes two columns


def test_a_long_line_is_cut_around_the_caret() -> None:
    location = Location("a.yaml", 1, 501, 3, "a" * 500 + "BAD" + "c" * 500)
    excerpt, carets = write_problems([Problem("no", location)]).splitlines()[3:5]
    assert "BAD" in excerpt
    assert len(excerpt) < 140
    assert excerpt[carets.index("^") : carets.rindex("^") + 1] == "BAD"


def test_an_escape_in_a_message_is_not_passed_on() -> None:
    assert "\x1b" not in write_problems(
        [Problem("\x1b[2J", Location("\x1b", 1, 1, 1, "\x1b"), "\x1b")]
    )


def test_warnings_look_alike() -> None:
    assert (
        write_problems([Problem("nobody set this")], level="warning") == "warning: nobody set this"
    )

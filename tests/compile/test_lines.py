"""Reading by lines gives the tree that reading by events gives, or leaves the text alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentgit.compile.lines import MAX_DEPTH, read_lines
from agentgit.compile.parse import Parsed, _is_usual, _read_flow, parse_file, read_events
from agentgit.compile.tree import MapNode, Node, Scalar, SourceFile

WORDS = st.sampled_from(
    ["a", "b", "key", "x-y", "a.b", "null", "yes", "true", "<<", "1", "-1", "+2", "01", "1_0",
     "12:30", "1.5", ".5", ".inf", "2020-01-01", "a b", "a  b", "a:b", "a: b", "a #b", "a#b", "-",
     "- a", "--- a", "...", "${x.y}", "$$", "a,b", "a]", "[a, b]", "{a: b, c: [d]}", "{a: b",
     "[a, b]: c", "{a: b} c", "{a: b} # c", "{a, b}", "[]", "{}", "[!append x]", "{a: no}",
     "{a: 1, a: 2}", "[a:b]", "{a:b}", "['x', \"y\"]", "!append [a]", "&a b", "*a", "| ", ">-",
     '"a b"', '"a\\n"', '"a" b', "'it''s'", "'a: b'", '""', "''", "'", '"', "?", "? a", "@a", "`a",
     "%a", "é", "a\tb", "a ", "#", "# c", "a: ", "a:", ":", ": a", "~", "!!str a", "\u2028"],
)  # fmt: skip
KEYS = st.sampled_from(["a", "b", "c", "key", "x-y", "null", "no", "<<", "1", '"q"', "a b", "a:b"])
LINES = st.one_of(
    st.builds(
        lambda indent, dash, key, gap, value, end: f"{' ' * indent}{dash}{key}:{gap}{value}{end}",
        st.integers(0, 6), st.sampled_from(["", "", "- ", "-  ", "- - "]), KEYS,
        st.sampled_from([" ", " ", "  ", ""]), WORDS, st.sampled_from(["", "", " # c", " ", "#"]),
    ),
    st.builds(lambda indent, key: f"{' ' * indent}{key}:", st.integers(0, 6), KEYS),
    st.builds(lambda indent, value: f"{' ' * indent}- {value}", st.integers(0, 6), WORDS),
    st.builds(lambda indent, value: f"{' ' * indent}{value}", st.integers(0, 6), WORDS),
    st.just(""),
)  # fmt: skip
PLAIN = st.recursive(
    st.sampled_from([" a", " 'b c'", ' "d"', " 1.5", " {x: [1, z]}", " [p, {q: r}]", " ${v.w}:1"]),
    lambda below: st.one_of(
        st.dictionaries(st.sampled_from("abcdef"), below, min_size=1, max_size=4),
        st.lists(below, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


def flatten(node: Node) -> object:
    about = (node.at, node.key_at, node.tag)
    if isinstance(node, Scalar):
        return (*about, type(node.value), node.value, node.raw, node.width)
    if isinstance(node, MapNode):
        return (*about, {key: flatten(value) for key, value in node.items.items()}, "map")
    return (*about, [flatten(item) for item in node.items])


def by_lines(text: str) -> Node | None:
    return read_lines(SourceFile("a.yaml", text), _is_usual, _read_flow)


def compare(text: str) -> bool:
    found = by_lines(text)
    if found is None:
        return False
    parsed = read_events(Parsed(SourceFile("a.yaml", text)))
    assert parsed.problems == []
    assert [flatten(one) for one in parsed.documents] == [flatten(found)]
    return True


def write(value: object, indent: int, *, deeper: bool) -> str:
    """Write a value in block style, lists a step deeper than their key or not."""
    if isinstance(value, str):
        return f"{value}\n"
    if isinstance(value, dict):
        inside = [
            f"{' ' * indent}{key}:{below(one, indent, deeper=deeper)}"
            for key, one in value.items()
        ]
        return "".join(inside)
    lines = []
    for one in value if isinstance(value, list) else ():
        text = write(one, indent + 2, deeper=deeper)
        lines.append(f"{' ' * indent}- {text.lstrip(' ')}")
    return "".join(lines)


def below(value: object, indent: int, *, deeper: bool) -> str:
    if isinstance(value, str):
        return f"{value}\n"
    step = 2 if isinstance(value, dict) or deeper else 0
    return f"\n{write(value, indent + step, deeper=deeper)}"


@settings(max_examples=1500, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=7), st.sampled_from(["\n", "\r\n", ""]))
@example(["a:", "- b: 1", "  c: 2", "- b: 3", "d: {e: f}"], "\n")
@example(["a:", "- - b: 1"], "\n")
@example(["a: b", "  c: d"], "\n")
@example(["a:", "", "# c", "  b: c", " # d"], "\n")
@example(["a: b # c\rd: e"], "\n")
@example(["a: b", "# c\rd: e"], "\n")
def test_both_ways_agree(lines: list[str], end: str) -> None:
    compare(("\n" if end != "\r\n" else end).join(lines) + end)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), PLAIN, min_size=1), st.booleans())
def test_what_people_write_is_read_by_lines(value: dict[str, object], deeper: bool) -> None:  # noqa: FBT001
    text = write(value, 0, deeper=deeper)
    has_nested_list = "- - " in text
    assert compare(text) or has_nested_list


@pytest.mark.parametrize(
    "text",
    ["", "# only a comment\n", "- a\n", "a\n", "a: no\n", "a:\n", "a: 1\na: 2\n", "a: |\n  b\n",
     "a: b\n  c\n", "a: &x 1\n", "---\na: 1\n", "a: {b: 1\n", "a: 012\n", " a: 1\nb: 2\n",
     "a:\n    b: 1\n  c: 2\n", "a: é\n", "a: 'x\n", "a:\n  b: 1\n- c\n", "a: !append [b]\n"],
)  # fmt: skip
def test_anything_else_is_left_to_the_full_parser(text: str) -> None:
    assert by_lines(text) is None


def test_depth_is_bounded_as_ever() -> None:
    deep = (
        "".join(f"{'  ' * number}k:\n" for number in range(MAX_DEPTH + 5)) + "  " * 50 + "k: 1\n"
    )
    assert by_lines(deep) is None
    assert by_lines(f"a: {'[' * 50}{']' * 50}\n") is None
    assert by_lines("a: " + "x" * 200_000 + "\n") is None
    many = parse_file("a.yaml", f"a: {'[' * 120}{']' * 120}\n".encode())
    assert "nested" in many.problems[0].message

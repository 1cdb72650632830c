"""Reading by lines gives the tree that reading by events gives, or leaves the text alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentgit.compile.events import read_collection, read_events
from agentgit.compile.flow import read_flow
from agentgit.compile.lines import MAX_DEPTH, read_lines
from agentgit.compile.parse import _read_flow, parse_file
from agentgit.compile.scalars import is_usual
from agentgit.compile.tree import MapNode, Node, Parsed, Scalar, SourceFile

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
FLOW_WORDS = st.sampled_from(
    ["{", "}", "[", "]", ", ", ",", ": ", ":", " ", "a", "b: ", "c: 1", "null", "no", "-1", "'d'",
     '"e f"', "''", "${x}", "g h", "012", " # i", "#", "?", "- ", "!k", "&l", "*m", "%", "@"]
)  # fmt: skip
FLOWS = st.recursive(
    st.sampled_from(
        ["a", "b c", "1.5", "'d'", '"e: f"', "30%", "x/y.z", "-1", "true", "[]", "{}"]
    ),
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from("abc"), below, min_size=1, max_size=3).map(
            lambda items: f"{{{', '.join(f'{key}: {item}' for key, item in items.items())}}}"
        ),
    ),
    max_leaves=6,
)
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
    return read_lines(SourceFile("a.yaml", text), is_usual, _read_flow)


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


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.one_of(FLOWS, FLOW_WORDS), min_size=1, max_size=12), st.sampled_from("{["))
def test_one_line_is_what_the_full_parser_reads(parts: list[str], begin: str) -> None:
    text = begin + "".join(parts)
    found = read_flow(text)
    expected = read_collection(text)
    if found is not None:
        assert expected is not None
        assert flatten(found) == flatten(expected)


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "{ name: support-eu }", "[a, b c, 1.5, -2]", "{a: {b: [c, {d: e}]}, f: 'g: h'}",
     '{image: "registry.example.com/a:1"} # why', '[CMD-SHELL, "curl $X"]', "{max: 30%}"],
)  # fmt: skip
def test_what_people_write_in_one_line_needs_no_full_parser(text: str) -> None:
    found, expected = read_flow(text), read_collection(text)
    assert found is not None
    assert expected is not None
    assert flatten(found) == flatten(expected)


@pytest.mark.parametrize(
    "text",
    ["{a: b", "{a: b}}", "{a: b} c", "{a: b}# c", "[a,]", "[,]", "{a, b}", "{a: }", "{a: b: c}",
     "[a: b]", "{a: no}", "{a: 012}", "{a: 1, a: 2}", "{null: 1}", "{<<: x}", "[a:b]", "{a:b}",
     "[!append x]", "[*a]", "{a: b]", "['it''s']", '["a\\n"]', "[a  b]", "[ab\t]", "[- a]"],
)  # fmt: skip
def test_what_is_unusual_in_one_line_is_left_to_the_full_parser(text: str) -> None:
    assert read_flow(text) is None


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

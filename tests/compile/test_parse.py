"""Strict YAML with positions, on libyaml and on the pure fallback."""

from __future__ import annotations

import pytest

from agentgit.compile import events
from agentgit.compile.parse import parse_file
from agentgit.compile.tree import MapNode, Parsed, Scalar, find, locate, locate_key, to_plain
from agentgit.model.value import Json


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure":
        monkeypatch.setattr(events, "CParser", None)
    else:
        assert events.CParser is not None


def read(text: str | bytes) -> Parsed:
    return parse_file("x.yaml", text.encode() if isinstance(text, str) else text)


def values(text: str | bytes) -> list[Json]:
    parsed = read(text)
    assert parsed.problems == []
    return [to_plain(document) for document in parsed.documents]


def complaints(text: str | bytes) -> list[tuple[str, str]]:
    return [(str(problem.location), problem.message) for problem in read(text).problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("true", True), ("False", False), ("0", 0), ("-7", -7),
        ("+1", 1), ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("1e-07", 1e-07),
        ("1.4.0", "1.4.0"), ("10s", "10s"), ("512m", "512m"), ("8080:80", "8080:80"),
        ("nobody", "nobody"), ("'no'", "no"), ('"012"', "012"), ("-x", "-x"), ("yes!", "yes!"),
        ("9223372036854775807", 2**63 - 1), ("ä", "ä"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(text: str, value: Json) -> None:
    found = values(f"a: {text}\n")[0]["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes", "No", "ON", "off", "y", "N", "012", "-012", "08.5", "0x1f", "0o17", "0b11", "1_000",
        "1_000.5", "12:30:45", "8080:22", "2024-01-31", "2024-1-1", "2024-01-31T10:00:00Z",
        ".inf", "-.INF", ".nan", "1e999", "9223372036854775808",
    ],
)  # fmt: skip
def test_ambiguous_plain_scalars_must_be_quoted(text: str) -> None:
    (problem,) = read(f"a: {text}\n").problems
    assert problem.message.startswith(f"{text} is ")
    assert problem.hint == f'write it in quotes: "{text}"'
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (1, 4)
    assert problem.location.width == len(text)
    assert problem.location.excerpt == f"a: {text}"
    assert values(f'a: "{text}"\n') == [{"a": text}]


def test_a_huge_number_is_an_error_and_shown_short() -> None:
    (problem,) = read("a: " + "9" * 5000).problems
    assert problem.message == "9" * 37 + "... is a number beyond 64 bits"


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("a: 1\nb:\n", "x.yaml:2:1", "b has no value"),
        ("a:\n  - 1\n  -\n", "x.yaml:3:4", "there is no value here"),
        ("{a: , b: 1}", "x.yaml:1:2", "a has no value"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3:1", 'the key "a" appears twice'),
        ("a: {b: 1, b: 2}\n", "x.yaml:1:11", 'the key "b" appears twice'),
        ("<<: 1\n", "x.yaml:1:1", "merge keys (<<) are not supported"),
        ("1: a\n", "x.yaml:1:1", "a key must be text, found 1"),
        ("null: a\n", "x.yaml:1:1", "a key must be text, found null"),
        ("no: a\n", "x.yaml:1:1",
         "the key no is true or false in some readers and text in others"),
        ("? [a, {b: c}]\n: d\n", "x.yaml:1:3", "a key must be text, not a list or a map"),
        ("a: &x 1\n", "x.yaml:1:4", "anchors and aliases are not supported"),
        ("&x a: 1\n", "x.yaml:1:1", "a key cannot have a tag or an anchor"),
        ("a: !!int 12\n", "x.yaml:1:4", "unknown tag !!int"),
        ("a: !include x.yaml\n", "x.yaml:1:4", "unknown tag !include"),
        ("a:\n\tb: 1\n", "x.yaml:2:1", "a tab cannot indent YAML"),
        ("a: @b\n", "x.yaml:1:4", "text cannot begin with @ here"),
        ("a: 'b\n", "x.yaml:1:4", "the quoted text that begins here does not end"),
        ("a: [1, 2\n", "x.yaml:1:4", "the list that begins here is not closed"),
        ("a: {b: 1\n", "x.yaml:1:4", "the map that begins here is not closed"),
        ("a: b: c\n", "x.yaml:1:5", "a colon does not fit here"),
        (b"a: b\x00c", "x.yaml:1:5", "the character U+0000 is not allowed"),
        ("a: 1\nb: \x07\n", "x.yaml:2:4", "the character U+0007 is not allowed"),
        (b"a: 1\nb: \xc3\xa4\xff", "x.yaml:2:5", "the file is not UTF-8 from here on"),
        (b"\xff\xfea\x00", "x.yaml:1:1", "the file is not UTF-8 from here on"),
        ('a: "\\0"\n', "x.yaml:1:4", "text cannot contain this character (NUL or half a pair)"),
        ("a: 1\r\nb: no\r\n", "x.yaml:2:4",
         "no is true or false in some readers and text in others"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_place(text: str | bytes, where: str, message: str) -> None:
    assert complaints(text)[0] == (where, message)


def test_a_duplicate_key_shows_both_places() -> None:
    (problem,) = read("a: 1\nb: 2\na: 3\n").problems
    assert [(role, str(place)) for role, place in problem.also] == [("first here", "x.yaml:1:1")]


def test_aliases_and_merge_keys_are_one_problem_each() -> None:
    assert complaints("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n") == [
        ("x.yaml:1:4", "anchors and aliases are not supported"),
        ("x.yaml:2:4", "anchors and aliases are not supported"),
        ("x.yaml:4:3", "merge keys (<<) are not supported"),
    ]


def test_problems_are_collected() -> None:
    text = "a: no\nb:\nc: 012\na: 1\nd: [yes, {e: 0x1}]\n"
    assert [where for where, _ in complaints(text)] == [
        "x.yaml:1:4", "x.yaml:2:1", "x.yaml:3:4", "x.yaml:4:1", "x.yaml:5:5", "x.yaml:5:14",
    ]  # fmt: skip


def test_the_value_of_a_dropped_key_is_dropped_with_all_below() -> None:
    parsed = read("a: 1\na: {x: {y: [1]}}\n? [k]\n: {z: 1}\nb: 2\n")
    assert to_plain(parsed.documents[0]) == {"a": 1, "b": 2}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_an_error_and_never_a_crash(opening: str) -> None:
    (problem,) = read(opening * 30_000).problems
    assert problem.message == "values may be nested 100 deep at most"
    assert problem.location is not None
    assert problem.location.line == 1


def test_a_hundred_levels_are_fine() -> None:
    assert not read("[" * 100 + "]" * 100).problems


def test_a_file_with_too_many_values_is_an_error() -> None:
    (problem,) = read("[" + "1," * 110_000 + "]").problems
    assert problem.message == "a file may hold at most 100000 keys and values"


def test_a_large_file_is_an_error() -> None:
    (problem,) = read("a: " + "x" * (1 << 20)).problems
    assert problem.message == "the file has 1048579 bytes, 1048576 are allowed"


def test_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert values(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n") == [{"a": 1, "b": "x\ny\n"}]


def test_several_documents() -> None:
    assert values("a: 1\n---\nb: 2\n...\n") == [{"a": 1}, {"b": 2}]
    assert values("") == []
    assert values("# nothing\n") == []


def test_colons_inside_flow_collections_follow_the_newer_yaml() -> None:
    text = "a: [data:/data, x]\nb: {url: unix:///run/x.sock, c: http://h:80/p}\n"
    assert values(text) == [
        {"a": ["data:/data", "x"], "b": {"url": "unix:///run/x.sock", "c": "http://h:80/p"}}
    ]
    assert complaints(text + "c:\n")[0] == ("x.yaml:3:1", "c has no value")


def test_positions_of_keys_and_values_and_kept_tags() -> None:
    parsed = read("a: 1\nmap:\n  'ä b': !replace [x, \"y z\"]\n  f: !final {k: v}\n")
    root = parsed.documents[0]
    assert parsed.problems == []
    items = find(root, ("map", "ä b"))
    assert items is not None
    assert items.tag == "!replace"
    assert str(locate_key(items, "ä b")) == "x.yaml:3:3"
    second = find(root, ("map", "ä b", "1"))
    assert isinstance(second, Scalar)
    place = locate(second)
    assert (place.line, place.column, place.width) == (3, 23, 5)
    final = find(root, ("map", "f"))
    assert isinstance(final, MapNode)
    assert final.tag == "!final"
    block = find(root, ("map",))
    assert block is not None
    assert str(locate(block)) == "x.yaml:2:1"  # a block is shown at its key


def test_the_two_parsers_agree_on_a_real_file(basic: dict[str, str | bytes]) -> None:
    for path, text in basic.items():
        if path.endswith(".yaml"):
            assert values(text), path


def test_reading_a_second_time_reports_nothing_twice() -> None:
    assert [where for where, _ in complaints("a: no\nb: [x:y]\n")] == ["x.yaml:1:4"]

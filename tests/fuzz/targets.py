"""What the fuzzer does with its bytes, and what must hold whatever they are.

A target raises for a bug and returns for anything else: a clean result or a clean error. The
targets know nothing of the fuzzer, so that what it has found is a test without it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from zlib import crc32

from agentgit.compile import events
from agentgit.compile.config_schema import MAX_MATCHING
from agentgit.compile.document import emit_yaml
from agentgit.compile.parse import parse_file
from agentgit.compile.patterns import (
    MAX_COST,
    MAX_TEXT,
    measure_match,
    measure_pattern,
    refuse_pattern,
)
from agentgit.compile.syntax import find_bad_character
from agentgit.compile.tree import BREAK, ListNode, MapNode, Node, Parsed, Scalar, to_plain, unpack
from tests.fuzz.place_rules import check_problems
from tests.fuzz.project_rules import check_project, check_validation
from tests.fuzz.projects import make_snapshot, split_text
from tests.fuzz.schema_maker import BETWEEN

MAX_INPUT = 1 << 16
MAX_SECONDS = 5.0  # of CPU, for one input
MAX_PURE = 4096  # the parser in Python is slow
_PROJECT = (
    b"apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: acme}\n"
    b"spec: {id: 0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11}\n"
)
_AGENT = (
    b"kind: Agent\nmetadata: {name: a}\nspec:\n  container: {image: i}\n"
    b"  configSchema: {file: ../schemas/s.json}\n  config:\n"
)
_REST = {
    "agentgit.yaml": _PROJECT,
    "environments/e/environment.yaml": (
        b"kind: Environment\nmetadata: {name: e}\nspec: {hosts: {l: {}}}\n"
    ),
    "environments/e/instances/i.yaml": b"kind: Instance\nmetadata: {name: i}\nspec: {agent: a}\n",
}


def run_target(name: str, data: bytes, slowness: float = 1) -> None:
    """Run one input. `slowness` is by how much whoever watches slows the code down."""
    with _limit_time(slowness):
        TARGETS[name](data)


def parse_bytes(data: bytes) -> None:
    """Any bytes are a file; both parsers agree on what is fine, and on where it stands."""
    parsed = parse_file("x.yaml", data)
    check_problems(parsed.problems, {"x.yaml": data})
    for root in parsed.documents:
        _check_tree(root, parsed)
    again = parse_file("x.yaml", data)
    assert again.problems == parsed.problems, "a second reading says something else"
    if not parsed.problems:
        for root in parsed.documents:
            _check_round_trip(root)
    _check_events(parsed)
    if len(data) <= MAX_PURE:
        _check_pure(parsed)


def compile_bytes(data: bytes) -> None:
    """Any files are a project: everything that only reads either works or says why it does not."""
    files, modes = split_text(data)
    check_project(partial(make_snapshot, modes=modes), files)


def check_schema(data: bytes) -> None:
    """Any text is a configSchema, any other one the config that it is for.

    Where a schema costs much, so does each compile of it: all else is looked at for a few.
    """
    files = schema_files(data)
    check_validation(make_snapshot(files), files)
    if crc32(data) % 8 == 0:
        check_project(make_snapshot, files)


def schema_files(data: bytes) -> dict[str, bytes]:
    """Make a project of a schema and the config that it is for."""
    schema, _, config = data.partition(BETWEEN)
    lines = b"".join(b"    %s\n" % line for line in config.split(b"\n"))
    return {**_REST, "global/schemas/s.json": schema, "global/agents/a.yaml": _AGENT + lines}


def match_pattern(data: bytes) -> None:
    """A pattern that is not refused takes no longer than its cost says, whatever the text is."""
    pattern, _, text = data.decode("utf-8", "replace").partition("\n")
    if refuse_pattern(pattern) is not None:
        return
    assert measure_pattern(pattern) <= MAX_COST, "a costly pattern is not refused"
    for one in {text, text * (MAX_TEXT // max(1, len(text))), f"{text[:1] * (MAX_TEXT - 1)}!"}:
        cost = measure_match(pattern, len(one[:MAX_TEXT])) / MAX_MATCHING
        before = time.process_time()
        if cost <= 1:
            re.search(pattern, one[:MAX_TEXT])
        assert time.process_time() - before < 1 + MAX_SECONDS * cost, "a match takes too long"


def _check_tree(root: Node, parsed: Parsed) -> None:
    lines = BREAK.split(parsed.file.text)
    for node in _nodes(root):
        for at in (node.at, node.key_at):
            if at >= 0:
                line, column = unpack(at)
                assert line <= len(lines), (line, column)
                assert column <= len(lines[line - 1]) + 1, (line, column)


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, MapNode):
            stack += node.items.values()
        elif isinstance(node, ListNode):
            stack += node.items


def _check_round_trip(root: Node) -> None:
    """What we write is read back equal."""
    written = emit_yaml(to_plain(root))
    again = parse_file("y.yaml", written.encode())
    assert not again.problems, (written, again.problems[0])
    assert _sketch(again.documents[0], places=False) == _sketch(root, places=False), written


def _check_events(parsed: Parsed) -> None:
    """Read line by line is what libyaml reads; what it finds wrong is never passed over."""
    text = parsed.file.text
    if not text or find_bad_character(parsed.file) is not None:
        return
    full = events.read_events(Parsed(parsed.file))
    assert full.problems == parsed.problems, "only one way to read finds this wrong"
    ours = [_sketch(root, places=True) for root in parsed.documents]
    theirs = [_sketch(root, places=True) for root in full.documents]
    assert ours == theirs, "reading by lines and by events disagree"


def _check_pure(parsed: Parsed) -> None:
    """Where the C parser is missing, and after an old-fashioned error, the other one reads."""
    pure = Parsed(parsed.file)
    error = None
    if parsed.file.text:
        error = events._build(pure, events._pure_events(parsed.file.text))
    if error is not None or pure.problems or parsed.problems:
        return
    ours = [_sketch(root, places=True) for root in parsed.documents]
    theirs = [_sketch(root, places=True) for root in pure.documents]
    assert ours == theirs, "the parsers disagree"


def _sketch(node: Node, *, places: bool) -> object:
    """What is in a tree; with `places`, also tags and where it stands."""
    at = (node.at, node.key_at, node.tag) if places else None
    if isinstance(node, Scalar):
        return (
            (type(node.value), node.value, node.raw, node.width, at)
            if places
            else (
                type(node.value),
                node.value,
            )
        )
    if isinstance(node, MapNode):
        return ({key: _sketch(one, places=places) for key, one in node.items.items()}, at)
    return ([_sketch(one, places=places) for one in node.items], at)


@contextmanager
def _limit_time(slowness: float) -> Iterator[None]:
    before = time.process_time()
    yield
    taken = time.process_time() - before
    assert taken <= MAX_SECONDS * slowness, f"{taken:.1f} s of CPU"


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parser": parse_bytes,
    "projects": compile_bytes,
    "schemas": check_schema,
    "patterns": match_pattern,
}

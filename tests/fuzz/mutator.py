"""Changes to YAML that a person could make: bytes alone would seldom get past the parser."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from agentgit.compile.document import emit_yaml
from agentgit.compile.parse import parse_file
from agentgit.compile.tree import to_plain
from tests.fuzz.projects import join_text, split_text

Mutate = Callable[[bytes, int], bytes]
Words = Sequence[bytes]
_WORD = re.compile(rb"[A-Za-z0-9_$./{}-]+")
_VALUE = re.compile(rb"(?<=: )[^\n#]+|(?<=- )[^\n#]+")
_HERE = "say-it-here"
_LAYER = re.compile("(^|/)(defaults[.]yaml$|agents/|instances/)")
_TAGS = (b"!replace ", b"!append ", b"!prepend ", b"!remove ", b"!final ")
_VALUES = (
    b"null", b"~", b"", b"[]", b"{}", b'""', b"1", b"-1", b"0.5", b"true", b"[a, b]", b"[1, 1]",
    b"{a: 1}", b"{a: null}", b"${vars.region}", b"${instance.name}", b"${k}", b'"$${a}"',
    b"99999999999999999999", b"1e400", b"10s", b"512m", b"[{}, {}]", b"[{name: a}, {name: a}]",
    b"../../x", b"/x", b"|-\n    a\n    b", b'"\\u0000"', b'"\\u202e"', b"\xf0\x9f\x98\x80",
    b"\xff", b"{a: {b: null}}", b"{a: {b: [1]}}",
)  # fmt: skip
_FORMS = (b"[a]", b"[b, {c: 1}]", b"{a: 1}", b"{a: {b: [1]}}", b"a", b"null")


def mutate_project(data: bytes, seed: int, limit: int, mutate: Mutate, words: Words) -> bytes:
    """Change one file of a project, or which files there are."""
    rng = random.Random(seed)  # noqa: S311 -- to be repeated, not to be secret
    files, modes = split_text(data)
    if not files or rng.random() < 0.05:
        return mutate(data, limit)
    for _ in range(rng.choice((1, 1, 2, 4))):
        path = rng.choice(list(files))
        action = rng.random()
        if action < 0.04:
            files[_rename(path, rng, list(files))] = files[path]
        elif action < 0.06 and len(files) > 1:
            del files[path]
        elif action < 0.07:
            modes[path] = rng.choice(("100644", "100755", "120000"))
        elif action < 0.3:
            _quarrel(files, rng)
        elif action < 0.42:
            files[path] = _contradict(files[path], files[rng.choice(list(files))], rng)
        elif action < 0.5:
            files[path] = _graft(files[path], files[rng.choice(list(files))], rng)
        else:
            files[path] = mutate_text(files[path], rng, limit, mutate, words)
    return join_text(files, modes)[:limit]


def mutate_text(
    text: bytes, rng: random.Random, limit: int, mutate: Mutate, words: Words
) -> bytes:
    """Change one text: a word, a value, a line, the indentation, or just some bytes."""
    action = rng.random()
    if action < 0.2:
        return mutate(text, limit)
    if action < 0.4:
        others = words if rng.random() < 0.7 else _WORD.findall(text) or words
        return _replace(_WORD, text, rng, rng.choice(others))
    if action < 0.6:
        return _replace(_VALUE, text, rng, rng.choice(_VALUES))
    if action < 0.7:
        found = _VALUE.search(text, rng.randrange(len(text) + 1))
        if found is None:
            return text
        value = rng.choice((found.group(), rng.choice(_VALUES)))
        return text[: found.start()] + rng.choice(_TAGS) + value + text[found.end() :]
    lines = text.split(b"\n")
    where = rng.randrange(len(lines))
    if action < 0.78:
        lines[where:where] = [_pick_line(text, rng).rstrip(b"\n")] * rng.choice((1, 1, 1, 50))
    elif action < 0.84:
        del lines[where]
    elif action < 0.9:
        lines[where] = b"  " + lines[where] if rng.random() < 0.5 else lines[where][2:]
    else:
        word = rng.choice(words)
        indent = lines[where][: len(lines[where]) - len(lines[where].lstrip())]
        lines.insert(where + 1, indent + word + b": " + rng.choice(_VALUES))
    return b"\n".join(lines)


def _replace(pattern: re.Pattern[bytes], text: bytes, rng: random.Random, new: bytes) -> bytes:
    found = list(pattern.finditer(text))
    if not found:
        return text + new
    one = rng.choice(found)
    return text[: one.start()] + new + text[one.end() :]


def _pick_line(text: bytes, rng: random.Random) -> bytes:
    return rng.choice(text.split(b"\n")) + b"\n"


def _graft(text: bytes, other: bytes, rng: random.Random) -> bytes:
    """Put a block of one file into another, as deep as it was: both layers speak of one key."""
    lines, others = text.split(b"\n"), other.split(b"\n")
    start = rng.randrange(len(others))
    depth = _depth(others[start])
    end = start + 1
    while end < len(others) and others[end].strip() and _depth(others[end]) > depth:
        end += 1
    places = [number for number, line in enumerate(lines) if _depth(line) == depth]
    where = rng.choice(places) + 1 if places else len(lines)
    return b"\n".join([*lines[:where], *others[start:end], *lines[where:]])


def _contradict(text: bytes, other: bytes, rng: random.Random) -> bytes:
    """Say something else in one file about what another one says: two layers of one value."""
    upper, lower = _read(text), _read(other)
    paths = list(_list_paths(lower.get("spec"), ("spec",)))
    if not paths or not upper:
        return text
    return _put(upper, rng.choice(paths), rng.choice((b"", b"", *_TAGS)) + rng.choice(_VALUES))


def _quarrel(files: dict[str, bytes], rng: random.Random) -> None:
    """Let layers write at one place where anything may stand: any tag over any form of value."""
    path = ("spec", "config", rng.choice("abc"), *rng.choice(("", "a")))
    for name, text in files.items():
        layer = _read(text) if _LAYER.search(name) and rng.random() < 0.7 else {}
        if layer:
            value = rng.choice((b"", b"", *_TAGS)) + rng.choice(_FORMS)
            files[name] = _put(layer, path, value)


def _put(tree: dict[str, Any], path: Sequence[str], value: bytes) -> bytes:
    """Write a value that is text already into a tree."""
    *above, last = path
    place = tree
    for key in above:
        place[key] = place = place[key] if isinstance(place.get(key), dict) else {}
    place[last] = _HERE
    return emit_yaml(tree).encode().replace(_HERE.encode(), value)


def _read(text: bytes) -> dict[str, Any]:
    parsed = parse_file("x.yaml", text)
    if parsed.problems or len(parsed.documents) != 1:
        return {}
    found = to_plain(parsed.documents[0])
    return dict(found) if isinstance(found, dict) else {}


def _list_paths(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key)
            yield from _list_paths(below, (*path, key))


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip())


def _rename(path: str, rng: random.Random, others: Sequence[str]) -> str:
    folder, _, _ = rng.choice(others).rpartition("/")
    _, _, name = rng.choice((path, rng.choice(others))).rpartition("/")
    if rng.random() < 0.2:
        name = rng.choice(("a b.yaml", "a\nb.yaml", "-x.yaml", "\udcff.yaml", "x.yml", "É.yaml"))
    return f"{folder}/{name}" if folder else name

"""pydantic's errors in our words, and the nearest name to a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from agentgit.compile.tree import ListNode, MapNode, Node, Scalar

EMPTY = "not empty"
_TYPES = {
    "int_type": "a whole number", "int_parsing": "a whole number",
    "int_from_float": "a whole number", "float_type": "a number", "float_parsing": "a number",
    "string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false",
    "tuple_type": "a list", "dict_type": "a map", "mapping_type": "a map",
    "model_type": "a map", "model_attributes_type": "a map", "string_too_short": EMPTY,
    "too_short": EMPTY,
}  # fmt: skip
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"), "less_than": ("less than", "lt"),
}  # fmt: skip
PATTERNS = {
    r"^\d{1,3}%$": "a percentage such as 25%",
    r"^/": "an absolute path such as /data",
    r"^\S+$": "text without spaces",
    r"^[A-Za-z_][A-Za-z0-9_.-]*$": "the name of a variable such as LOG_LEVEL",
    r"^[A-Za-z_][A-Za-z0-9_-]*$": "a name such as region",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": (
        "a UUID in lower case, as agentgit init writes it"
    ),
}
_TRUTH = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false",
          "false": "false"}  # fmt: skip
_NUMBERS = {"a whole number", "a number"}
_SHOWN = 48
_LONGEST = 128  # characters of a name that is compared with others
_COMPARED = 64  # names that are compared in full


def expectation(errors: Sequence[Mapping[str, Any]], write: Callable[[Any], str] = str) -> str:
    """Say what a value must be, given what pydantic says of it: `a whole number`.

    `write` shows the bounds of a number as the user would write them.
    """
    bounds = [error for error in errors if error["type"] in _BOUNDS]
    phrases = [_phrase(error, write) for error in bounds or errors]
    return " or ".join(dict.fromkeys(phrases))


def complaint(error: Mapping[str, Any]) -> str | None:
    """Give the sentence of one of the models' own checks, None for any other error."""
    if error["type"] != "value_error":
        return None
    return str(error["ctx"]["error"])


def must_be(name: str, expected: str, found: Node) -> str:
    """Make the sentence of a wrong value."""
    if expected == EMPTY:
        return f"{name} must not be empty"
    return f"{name} must be {expected}, found {show(found)}"


def _phrase(error: Mapping[str, Any], write: Callable[[Any], str]) -> str:
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"{word} {write(context[key])}"
    if kind == "literal_error":
        return "one of " + re.sub(r"'([^']*)'", r"\1", context["expected"]).replace(" or ", ", ")
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], f"text that matches {context['pattern']}")
    if kind == "value_error":
        return str(context["error"]).partition(", found")[0]
    return _TYPES.get(kind, str(error["msg"]))


def show(node: Node) -> str:
    """Show a value in a message, cut to a readable length."""
    import json

    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ListNode):
        return "a list"
    if not isinstance(node.value, str):
        return node.raw
    text = node.value if len(node.value) <= _SHOWN else f"{node.value[: _SHOWN - 3]}..."
    return json.dumps(text, ensure_ascii=False)


def advise(node: Node, expected: str) -> str | None:
    """Say what to write instead, where that is plain."""
    if not isinstance(node, Scalar):
        return None
    value = node.value
    if expected.startswith("one of ") and isinstance(value, str):
        return did_you_mean(value, expected.removeprefix("one of ").split(", "))
    if not isinstance(value, str):
        return _advise_quotes(node, expected)
    if expected == "true or false" and value.lower() in _TRUTH:
        return f"write {_TRUTH[value.lower()]} without quotes"
    if "number" in expected and re.fullmatch(r"[-+]?\d+", value):
        return f"write {value} without quotes"
    return "write it in digits, such as 2" if expected in _NUMBERS else None


def _advise_quotes(node: Scalar, expected: str) -> str | None:
    if expected.startswith("a duration") and isinstance(node.value, int):
        return f"write {node.raw}s for seconds"
    return f'write it in quotes: "{node.raw}"' if expected.startswith("text") else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Make a hint of the nearest known name."""
    nearest = closest(word, known)
    return None if nearest is None else f"did you mean {nearest}?"


def closest(word: str, known: Iterable[str]) -> str | None:
    """Find the nearest known name: the same letters in another spelling first.

    Of many names only those are compared that begin as the word does.
    """
    if len(word) > _LONGEST:
        return None
    from difflib import get_close_matches

    names, letters = sorted(name for name in known if len(name) <= _LONGEST), _letters(word)
    same = next((name for name in names if _letters(name) == letters), None)
    if same is not None:
        return same
    if len(names) > _COMPARED:
        names = [name for name in names if name[:1] == word[:1]][:_COMPARED]
    return next(iter(get_close_matches(word, names, n=1, cutoff=0.6)), None)


def list_names(names: Iterable[str]) -> str:
    """Write names in order, for `known are a, b, c`."""
    return ", ".join(sorted(names)) or "none"


@lru_cache(maxsize=8192)
def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

"""Plain scalars by the core schema of YAML 1.2; what other readers take differently is refused.

Source of the refused forms: the type repository of YAML 1.1 (yaml.org/type), which most tools
still follow.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CONSTANTS: dict[str, bool | None] = {
    "null": None, "Null": None, "NULL": None, "~": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_STARTS = frozenset("0123456789+-.")
_REFUSED = (
    (re.compile(r"[-+]?0[0-9_]+\Z"), "octal in some readers and decimal in others"),
    (
        re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?\Z"),
        "a number with a leading zero",
    ),
    (re.compile(r"[-+]?0(?:x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)\Z"), "a number in another base"),
    (
        re.compile(r"[-+]?(?=[0-9_.]*_)[0-9][0-9_]*(?:\.[0-9_]*)?\Z"),
        "a number in some readers and text in others",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z"),
        "a number to the base of 60 in some readers",
    ),
    (
        re.compile(r"\d{4}-\d\d?-\d\d?(?:[Tt ].*)?\Z", re.DOTALL),
        "a date in some readers and text in others",
    ),
    (
        re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"),
        "a number that JSON cannot write",
    ),
)
_MAX_INT = 2**63 - 1
UNFIT = re.compile("[\0\ud800-\udfff]")  # what neither a process nor UTF-8 can carry


class Ambiguous:
    """A plain scalar that must be quoted, and what could be read into it."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


@lru_cache(maxsize=8192)
def resolve_plain(text: str) -> bool | int | float | str | Ambiguous | None:
    """Read a plain (unquoted) scalar that is not empty."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in _STARTS:
        return _resolve_number(text)
    if len(text) <= 3 and text.lower() in _WORDS:
        return Ambiguous("true or false in some readers and text in others")
    return text


@lru_cache(maxsize=8192)
def is_usual(key: str) -> bool:
    """Whether a key is fine however it is quoted: nearly every key of a fleet."""
    return (
        bool(key) and key != "<<" and isinstance(resolve_plain(key), str) and not UNFIT.search(key)
    )


def _resolve_number(text: str) -> int | float | str | Ambiguous:
    if _INT.match(text):
        number = int(text) if len(text) <= 20 else _MAX_INT + 1
        fits = -_MAX_INT - 1 <= number <= _MAX_INT
        return number if fits else Ambiguous("a number beyond 64 bits")
    if _FLOAT.match(text):
        value = float(text) if len(text) <= 64 else float("inf")
        finite = value - value == 0
        return value if finite else Ambiguous("a number that JSON cannot write")
    for pattern, reason in _REFUSED:
        if pattern.match(text):
            return Ambiguous(reason)
    return text

"""What a changed field is about, what it forces, and which lines of a changed text are new."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from agentgit.model.change import ChangeClass, Forces
from agentgit.model.container import IN_PLACE
from agentgit.model.value import Path

CLASSES: Mapping[str, ChangeClass] = {
    "card": "card",
    "model": "model",
    "instructions": "prompt",
    "tools": "tools",
    "knowledge": "knowledge",
    "config": "config",
    "container": "container",
    "process": "process",
    "scale": "scale",
    "placement": "placement",
    "rollout": "rollout",
    "labels": "labels",
    "hosts": "host",
    "source": "host",
}
_FORCES: Mapping[Path, Forces] = {  # the longest path counts; what is not here forces nothing
    ("card",): "replace",
    ("model",): "replace",
    ("instructions",): "replace",
    ("tools",): "replace",
    ("knowledge",): "replace",
    ("config",): "replace",
    ("process",): "replace",
    ("container",): "replace",
    **{("container", name): "in-place" for name in sorted(IN_PLACE)},
    ("scale", "replicas"): "scale",
    ("placement",): "move",
    ("hosts",): "move",
}


def classify(path: Path) -> ChangeClass:
    """Say what a value is about."""
    if path == ("container", "image"):
        return "image"
    return CLASSES.get(path[0], "policy")


def find_forced(path: Path) -> Forces:
    """Say what a value forces where an engine can do all that engines can."""
    found = (path[:length] for length in range(len(path), 0, -1))
    return next((_FORCES[one] for one in found if one in _FORCES), "nothing")


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """Give the first and last line of the new text that changed, counting from 1."""
    start, end = _find_middle(before.splitlines(), after.splitlines())
    first = start + 1
    return first, max(first, len(after.splitlines()) - end)


def only_lost(before: str, after: str) -> bool:
    """Whether a text has lost lines and got none: what is left stands in the old order."""
    old, new = before.splitlines(), after.splitlines()
    rest = iter(old)
    return len(new) < len(old) and all(line in rest for line in new)


def count_changed(before: str, after: str) -> tuple[int, ...]:
    """Give the lines of the new text that are not in the old one, counting from 1."""
    old, new = before.splitlines(), after.splitlines()
    start, end = _find_middle(old, new)
    blocks = difflib.SequenceMatcher(
        None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False
    ).get_opcodes()
    added = (range(low, high) for tag, _, _, low, high in blocks if tag != "equal")
    return tuple(start + 1 + number for some in added for number in some)


def _find_middle(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Count the lines that both begin with, and those that both end with."""
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    rest = most - start
    return start, next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)

"""What a changed field is about, and which lines of a changed text are new."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from agentgit.model.change import ChangeClass

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
}


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """Give the first and last line of the new text that changed, counting from 1."""
    blocks = difflib.SequenceMatcher(
        None, before.splitlines(), after.splitlines(), autojunk=False
    ).get_opcodes()
    touched = [(low, high) for tag, _, _, low, high in blocks if tag != "equal"]
    if not touched:
        return 1, 1
    first = touched[0][0] + 1
    return first, max(first, touched[-1][1])

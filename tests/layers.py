"""One layer of an agent from its text, for the tests of merging."""

from __future__ import annotations

from agentgit.compile.check import Checker
from agentgit.compile.parse import parse_file
from agentgit.compile.shape import spec_shape
from agentgit.compile.tree import MapNode
from agentgit.errors import Problem

SHAPE = spec_shape("Agent")


def read_layer(text: str, path: str = "x.yaml") -> MapNode:
    """Parse and check one layer, which must be right."""
    parsed = parse_file(path, text.encode())
    found: list[Problem] = []
    node = Checker(found.append, layer=True).check(parsed.documents[0], SHAPE, "spec")
    assert [*parsed.problems, *found] == []
    assert isinstance(node, MapNode)
    return node

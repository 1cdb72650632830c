"""YAML text to a positioned tree: what is usual by lines, anything else by the full parser.

The full parser takes longer to load than a few files to read.
"""

from __future__ import annotations

from functools import lru_cache

from agentgit.compile.flow import read_flow
from agentgit.compile.lines import read_lines
from agentgit.compile.scalars import is_usual
from agentgit.compile.syntax import find_bad_character, read_text
from agentgit.compile.tree import ListNode, MapNode, Parsed, SourceFile
from agentgit.model.origin import LayerName


def parse_file(path: str, data: bytes, layer: LayerName = "global") -> Parsed:
    """Read one YAML file. Never raises for what the file contains."""
    text, problem = read_text(path, data)
    parsed = Parsed(SourceFile(path, text, layer))
    if problem is None:
        problem = find_bad_character(parsed.file)
    if problem is not None:
        parsed.problems.append(problem)
        return parsed
    root = read_lines(parsed.file, is_usual, _read_flow)
    if root is not None:
        parsed.documents.append(root)
        return parsed
    from agentgit.compile.events import read_events

    return read_events(parsed)


@lru_cache(maxsize=2048)
def _read_flow(text: str) -> MapNode | ListNode | None:
    """Read a list or map in one line, as if it were a file; None unless it is fine."""
    found = read_flow(text)
    if found is None:
        from agentgit.compile.events import read_collection

        found = read_collection(text)
    return found

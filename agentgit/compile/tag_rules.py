"""Where a tag may stand in a file, said before anything is merged."""

from __future__ import annotations

from agentgit.compile.shape import Either, Fields, Free, Keyed, Leaf, Plain, Shape
from agentgit.compile.tags import EXTENDING
from agentgit.compile.tree import ListNode, Node, Scalar, locate
from agentgit.compile.words import did_you_mean, list_names, show
from agentgit.errors import Problem


def judge_tag(node: Node, shape: Shape, name: str, *, layer: bool, item: bool) -> Problem | None:
    """Say what is wrong with the tag of a value; None when it can be obeyed."""
    tag = node.tag or ""
    if item:
        hint = "write it before the list, or leave it out"
        return Problem(f"{tag} has no meaning inside a list", locate(node), hint)
    if not layer:
        hint = (
            "a tag says how a layer goes over lower ones, and here is nothing below: leave it out"
        )
        return Problem(f"{tag} has no meaning here", locate(node), hint)
    if isinstance(node, Scalar) and node.value is None:
        advice = f"{name}: null removes what lower layers say" if name else None
        return Problem(f"{tag} and null do not go together", locate(node), advice)
    if tag in EXTENDING:
        return _judge_extending(node, tag, shape, name)
    return _judge_removal(node, shape, name) if tag == "!remove" else None


def _judge_extending(node: Node, tag: str, shape: Shape, name: str) -> Problem | None:
    if isinstance(shape, Keyed | Fields):
        hint = "leave the tag out; new entries come after the inherited ones"
        return Problem(f"{name} merges by name and needs no {tag}", locate(node), hint)
    if isinstance(shape, Leaf | Either) or not isinstance(node, ListNode):
        hint = f"write {tag} [...]" if isinstance(shape, Plain | Free) else "leave the tag out"
        return Problem(f"{tag} goes before a list, found {show(node)}", locate(node), hint)
    return None


def _judge_removal(node: Node, shape: Shape, name: str) -> Problem | None:
    if isinstance(shape, Leaf):
        hint = f"write {name}: null to remove it"
        return Problem(f"!remove takes entries out, and {name} is one value", locate(node), hint)
    if not isinstance(node, ListNode):
        hint = "write !remove [...] with what goes"
        return Problem(f"!remove goes before a list, found {show(node)}", locate(node), hint)
    if isinstance(shape, Plain | Free):
        return None
    fields = shape.fields if isinstance(shape, Either) else shape
    for item in node.items:
        problem = _judge_name(item, fields, name)
        if problem is not None:
            return problem
    return None


def _judge_name(item: Node, shape: Fields | Keyed, name: str) -> Problem | None:
    """Judge one name of what is to go from a map."""
    if not isinstance(item, Scalar) or not isinstance(item.value, str):
        message = f"!remove takes names out of {name}, found {show(item)}"
        return Problem(message, locate(item), "write the names of what goes, as text")
    if isinstance(shape, Keyed):
        expected = shape.key.judge(item.value)
        message = f"a key of {name} must be {expected}, found {item.value}"
        return None if expected is None else Problem(message, locate(item))
    if item.value in shape.fields:
        return None
    hint = did_you_mean(item.value, shape.fields) or f"known are {list_names(shape.fields)}"
    return Problem(f"unknown key {item.value} in {name}", locate(item), hint)

"""A complete document against its full model, with errors shown where they best belong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from agentgit.compile.tree import MapNode, Node, Scalar, find, locate, to_plain
from agentgit.compile.words import complaint, expectation, must_be
from agentgit.errors import Problem
from agentgit.model.value import Json, Path, Value, dotted

V = TypeVar("V", bound=Value)


def validate_tree(  # noqa: PLR0913 -- the tree, and four ways to see it better
    model: type[V],
    tree: MapNode,
    report: Callable[[Problem], None],
    *,
    value: Mapping[str, Json] | None = None,
    shared: Mapping[str, Json] | None = None,
    prefix: Path = (),
    layers: Sequence[MapNode] = (),
) -> V | None:
    """Make a value of a merged tree; None after reporting what is wrong.

    `value` stands in for the tree's own JSON value where references were resolved, `shared` is
    the same with values of the model in it (see `blocks`), `prefix` is the tree's place in its
    spec, `layers` the specs that a missing value may belong to, best first.
    """
    if shared is not None:
        try:
            return model.model_validate(shared)
        except ValidationError:
            pass  # said below, by the plain values
    try:
        return model.model_validate(to_plain(tree) if value is None else value)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            report(_problem(one, tree, prefix, layers))
        return None


def _problem(
    error: Mapping[str, Any], tree: MapNode, prefix: Path, layers: Sequence[MapNode]
) -> Problem:
    path = tuple(str(part) for part in error["loc"])
    full = (*prefix, *path)
    if error["type"] == "missing":
        removal = _removal(full, layers)
        if removal is not None:
            message = f"{dotted(full)} is removed here, and an instance needs it"
            return Problem(message, locate(removal), "write a value, or remove what is around it")
        where = _place_for(full[:-1], layers) or _nearest(tree, path[:-1])
        below = dotted(full[:-1]) or "spec"
        return Problem(f"{dotted(full)} is missing", locate(where), f"write {full[-1]} in {below}")
    node = _nearest(tree, path)
    name = dotted(full) or "spec"
    sentence = complaint(error)
    if sentence is not None:
        stutters = not full or sentence.startswith(full[-1])
        return Problem(sentence if stutters else f"{name}: {sentence}", locate(node))
    return Problem(must_be(name, expectation([error]), node), locate(node))


def _place_for(path: Path, layers: Sequence[MapNode]) -> Node | None:
    return next((node for layer in layers if (node := find(layer, path)) is not None), None)


def _removal(path: Path, layers: Sequence[MapNode]) -> Node | None:
    """Find the null that took a value away."""
    found = (find(layer, path) for layer in layers)
    return next((node for node in found if isinstance(node, Scalar) and node.value is None), None)


def _nearest(tree: MapNode, path: Path) -> Node:
    """Find the deepest node on the way to a path."""
    for count in range(len(path), 0, -1):
        node = find(tree, path[:count])
        if node is not None:
            return node
    return tree

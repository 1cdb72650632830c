"""The envelope around every spec: apiVersion, kind, metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agentgit.compile.check import Checker
from agentgit.compile.places import Place, is_name
from agentgit.compile.shape import metadata_shape, spec_shape
from agentgit.compile.tree import INVALID, MapNode, Node, Scalar, locate, locate_key
from agentgit.compile.words import did_you_mean, show
from agentgit.errors import Problem
from agentgit.model.spec import API_VERSION

LAYERS = frozenset({"AgentDefaults", "Agent", "Instance"})  # kinds in which null deletes
NEW_ID = (
    "write spec: {id: ID}, where ID is a fresh one: python3 -c 'import uuid; print(uuid.uuid4())'"
)
_TAG_HINT = "write it before the value that it is about"
_KEYS = ("apiVersion", "kind", "metadata", "spec")


class Document(NamedTuple):
    """One checked document."""

    kind: str
    name: str
    labels: dict[str, str]
    spec: MapNode
    root: MapNode


def check_document(root: Node, place: Place, report: Callable[[Problem], None]) -> Document | None:
    """Check one document alone. None when something was reported."""
    found: list[Problem] = []
    document = _check(root, place, found.append)
    for problem in found:
        report(problem)
    return None if found else document


def _check(root: Node, place: Place, report: Callable[[Problem], None]) -> Document | None:
    if not isinstance(root, MapNode):
        hint = f"begin with kind: {place.kind}"
        report(Problem(f"a document must be a map, found {show(root)}", locate(root), hint))
        return None
    for key, value in root.items.items():
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or "known are apiVersion, kind, metadata, spec"
            report(Problem(f"unknown key {key}", locate_key(value, key), hint))
    place = _choose_kind(root, place)
    _check_constant(root, "apiVersion", API_VERSION, report, required=place.kind == "Project")
    if not _check_constant(root, "kind", place.kind, report, required=True):
        return None
    name, labels = _check_metadata(root, place, report)
    spec = root.items.get("spec")
    if spec is None:
        hint = NEW_ID if place.kind == "Project" else "write spec: {} for an empty one"
        report(Problem("spec is missing", locate(root), hint))
        return None
    checker = Checker(report, layer=place.kind in LAYERS)
    if isinstance(spec, Scalar) and spec.value is None:
        checker.refuse(spec, "spec", "a map")
    if spec.tag is not None:
        report(Problem(f"{spec.tag} cannot stand before the whole spec", locate(spec), _TAG_HINT))
        return None
    checked = checker.check(spec, spec_shape(place.kind), "spec")
    if not isinstance(checked, MapNode):
        return None
    agent = checked.items.get("agent")
    if agent is not None and agent.tag is not None:
        report(Problem(f"{agent.tag} has no meaning here", locate(agent), "leave it out"))
    return Document(place.kind, name, labels, checked, root)


def _choose_kind(root: MapNode, place: Place) -> Place:
    """A file among the instances is an instance, or a set of them if it says so."""
    kind = root.items.get("kind")
    says_set = isinstance(kind, Scalar) and kind.value == "InstanceSet"
    return place._replace(kind="InstanceSet") if place.kind == "Instance" and says_set else place


def _check_constant(
    root: MapNode, key: str, value: str, report: Callable[[Problem], None], *, required: bool
) -> bool:
    node = root.items.get(key)
    if node is None:
        if required:
            report(Problem(f"{key} is missing", locate(root), f"write {key}: {value}"))
        return not required
    if isinstance(node, Scalar) and node.value in (value, INVALID):
        return True
    message = f"{key} must be {value} here, found {show(node)}"
    report(Problem(message, locate(node), f"write {key}: {value}"))
    return False


def _check_metadata(
    root: MapNode, place: Place, report: Callable[[Problem], None]
) -> tuple[str, dict[str, str]]:
    hint = f"write metadata: {{name: {place.name or '...'}}}"
    node = root.items.get("metadata")
    if node is None:
        report(Problem("metadata is missing", locate(root), hint))
        return "", {}
    checker = Checker(report, layer=False)
    node = checker.check(node, metadata_shape(), "metadata")
    if not isinstance(node, MapNode):
        return "", {}
    name = node.items.get("name")
    if name is None:
        report(Problem("metadata.name is missing", locate(node), hint))
    if not isinstance(name, Scalar) or not isinstance(name.value, str):
        return "", {}
    if place.name is not None and name.value != place.name and is_name(place.name):
        message = f"name must be {place.name}, like the path of this file; found {show(name)}"
        report(Problem(message, locate(name), f"write {place.name}, or rename the file"))
    labels = node.items.get("labels")
    texts = labels.items.items() if isinstance(labels, MapNode) else ()
    return name.value, {key: str(one.value) for key, one in texts if isinstance(one, Scalar)}

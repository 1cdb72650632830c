"""What the instances of a project use: layers, definitions, policies, and values worth a look."""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.compile.fleet import Resolved
from agentgit.compile.tree import ListNode, Node, Scalar, find

Place = tuple[str, int]  # a file and a position in it
_IMAGE = ("container", "image")
_GRACE = ("container", "stop_grace_period")


class Use:
    """Collects from resolved instances. Nodes are kept by the place they are written at."""

    def __init__(self) -> None:
        self.paths: set[str] = set()  # of the layers
        self.definitions: set[Place] = set()
        self.rollouts: set[str] = set()
        self.models: dict[Place, Scalar] = {}
        self.images: dict[Place, Scalar] = {}
        self.killed: dict[Place, Node] = {}  # grace periods of no length

    def take(self, resolved: Resolved) -> None:
        """Add one instance."""
        self.paths.update(document.root.file.path for document in resolved.documents)
        self.definitions.update(place_of_node(one.definition) for one in resolved.named)
        if resolved.rollout is not None:
            self.rollouts.add(resolved.rollout.name)
        for node in _models(resolved):
            self.models[place_of_node(node)] = node
        image = find(resolved.tree, _IMAGE)
        if isinstance(image, Scalar):
            self.images[place_of_node(image)] = image
        grace, container = find(resolved.tree, _GRACE), resolved.instance.spec.container
        if grace is not None and container is not None and container.stop_grace_period == 0:
            self.killed[place_of_node(grace)] = grace


def place_of_node(node: Node) -> Place:
    """Name the place of a node."""
    return node.file.path, node.at


def _models(resolved: Resolved) -> Iterator[Scalar]:
    fallback = find(resolved.tree, ("model", "fallback", "models"))
    items = fallback.items if isinstance(fallback, ListNode) else []
    for node in (find(resolved.tree, ("model", "id")), *items):
        if isinstance(node, Scalar):
            yield node

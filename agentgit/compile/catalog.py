"""Definitions that agents name: found in the catalog, put below what the layers say of them.

A definition is the lowest layer of its block, so `null`, tags and clashes of type mean what they
mean everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agentgit.compile.interpolation import Filler, has_reference
from agentgit.compile.merge import merge
from agentgit.compile.notes import Notes
from agentgit.compile.places import CATALOG
from agentgit.compile.shape import Fields, Shape, child_shape, spec_shape
from agentgit.compile.tags import remove_names
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, find, locate, locate_key
from agentgit.compile.validate import validate_tree
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.errors import Problem
from agentgit.model.catalog import CatalogSpec
from agentgit.model.value import Path

_KINDS = {"models": "model", "mcpServers": "MCP server", "knowledge": "knowledge"}


class Named(NamedTuple):
    """A block of an agent that names a definition: where the block is, and what names it."""

    path: Path
    reference: Scalar
    definition: MapNode


class Catalog:
    """The definitions of a project, of all documents of its catalog."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.broken = False  # something is wrong with it, and was reported
        self._entries: dict[str, dict[str, MapNode]] | None = None

    def declares(self, kind: str) -> bool:
        """Whether the project has definitions of a kind."""
        return bool(self.entries[kind])

    def find(self, kind: str, reference: Scalar) -> MapNode | None:
        """Find a definition by name; None after reporting that there is none."""
        known = self.entries[kind]
        name = str(reference.value)
        if name not in known:
            near = did_you_mean(name, known) or f"{CATALOG} has: {list_names(known)}"
            hint = near if known else f"write it into {CATALOG}, below {kind}"
            message = f"there is no {_KINDS[kind]} {name} in the catalog"
            self.workspace.report(Problem(message, locate(reference), hint))
        return known.get(name)

    def check(self) -> Catalog:
        """Report what is wrong with the catalog, whoever uses it."""
        self.declares("models")
        return self

    @property
    def entries(self) -> Mapping[str, Mapping[str, MapNode]]:
        """All definitions by kind and name; read when first needed."""
        if self._entries is None:
            self._entries = {kind: {} for kind in _KINDS}
            count = self.workspace.count
            for document in self.workspace.documents(CATALOG):
                validate_tree(CatalogSpec, document.spec, self.workspace.report)
                self._take(document.spec, self._entries)
            self.broken = self.workspace.count > count or self.workspace.failed(CATALOG)
        return self._entries

    def _take(self, spec: MapNode, entries: dict[str, dict[str, MapNode]]) -> None:
        for kind, known in entries.items():
            block = spec.items.get(kind)
            for name, node in block.items.items() if isinstance(block, MapNode) else ():
                first = known.get(name)
                if first is not None:
                    message = f"the {_KINDS[kind]} {name} is defined twice"
                    also = (("first here", locate_key(first, name)),)
                    where = locate_key(node, name)
                    self.workspace.report(Problem(message, where, "keep one of them", also))
                elif isinstance(node, MapNode):
                    known[name] = node


def insert_definitions(
    tree: MapNode, layers: Sequence[MapNode], catalog: Catalog, filler: Filler, notes: Notes
) -> tuple[MapNode, tuple[Named, ...]] | None:
    """Put in the definitions that a merged tree names; None after a problem."""
    if not _check_model(tree, layers, catalog.workspace):
        return None
    wanted = [*_find_references(tree), *_find_servers(tree, catalog, filler)]
    if wanted and catalog.check().broken:
        return None
    found = [(path, node, catalog.find(kind, node)) for path, kind, node in wanted]
    named = tuple(Named(path, node, entry) for path, node, entry in found if entry is not None)
    for one in named:
        tree = put(tree, one.path, fold_block(one, layers, shape_at(one.path), notes))
    return (tree, named) if len(named) == len(wanted) else None


def _check_model(tree: MapNode, layers: Sequence[MapNode], workspace: Workspace) -> bool:
    """Refuse one half of a model where the other went with the reference to the catalog."""
    model = tree.items.get("model")
    given = {"provider", "id"} & model.items.keys() if isinstance(model, MapNode) else set()
    refs = [node for layer in layers if (node := find(layer, ("model", "ref"))) is not None]
    if len(given) != 1 or not refs:
        return True
    (key,) = given
    (missing,) = {"provider", "id"} - given
    node = find(tree, ("model", key))
    if node is not None:
        message = f"model.{missing} is missing: {key} here takes the place of a lower layer's ref"
        also = (("the ref", locate(refs[-1])),)
        hint = "write provider and id, or another ref"
        workspace.report(Problem(message, locate(node), hint, also))
    return False


def _find_references(tree: MapNode) -> Iterator[tuple[Path, str, Scalar]]:
    model = find(tree, ("model", "ref"))
    if isinstance(model, Scalar):
        yield ("model",), "models", model
    knowledge = tree.items.get("knowledge")
    for name, node in knowledge.items.items() if isinstance(knowledge, MapNode) else ():
        reference = find(node, ("ref",))
        if isinstance(reference, Scalar):
            yield ("knowledge", name), "knowledge", reference


def _find_servers(
    tree: MapNode, catalog: Catalog, filler: Filler
) -> Iterator[tuple[Path, str, Scalar]]:
    """Without any server in the catalog, what a tool names is the agent's own affair."""
    tools = tree.items.get("tools")
    for name, tool in tools.items.items() if isinstance(tools, MapNode) else ():
        node = find(tool, ("mcpServer",))
        if not isinstance(node, Scalar) or not catalog.declares("mcpServers"):
            continue
        path = ("tools", name, "mcpServer")
        if has_reference(node.value):
            node = filler.fill_scalar(node, None, path)
        own = isinstance(tool, MapNode) and "server" in tool.items
        if not own or node.value in catalog.entries["mcpServers"]:
            yield ("tools", name, "server"), "mcpServers", node


def fold_block(
    named: Named, layers: Sequence[MapNode], shape: Shape | None, notes: Notes
) -> MapNode:
    """Merge a block anew, with its definition as the lowest layer."""
    inside = named.path[-1] != "server"  # the reference stands in the block itself
    rivals = shape.rivals.get("ref", ()) if isinstance(shape, Fields) else ()
    stripped = {"ref", *rivals} if inside else set()
    said = collect(layers, named.path)
    if notes.record is not None:
        notes.record.forget(named.path, stripped)
    elif not said:
        return named.definition
    block = MapNode(named.definition.file, named.definition.at)
    block = merge(block, named.definition, shape, notes, named.path)
    for node in said:
        if isinstance(node, ListNode):
            block = remove_names(block, node, notes, named.path)
            continue
        own = MapNode(node.file, node.at)
        own.key_at = node.key_at
        own.items = {key: item for key, item in node.items.items() if key not in stripped}
        block = merge(block, own, shape, notes, named.path)
    if inside:
        block.items["ref"] = named.reference
    return block


def collect(layers: Sequence[MapNode], path: Path) -> list[MapNode | ListNode]:
    """Find what layers say of a block, lowest first, since it was last removed or replaced.

    A list is names that `!remove` takes out of it.
    """
    said: list[MapNode | ListNode] = []
    for layer in layers:
        node: Node | None = layer
        for position, key in enumerate(path):
            node = node.items.get(key) if isinstance(node, MapNode) else None
            if node is not None and _forgets(node, path[position + 1 :]):
                said.clear()
        if isinstance(node, MapNode | ListNode):
            said.append(node)
    return said


def _forgets(node: Node, below: Path) -> bool:
    """Whether what lower layers say at a node is gone, at least that at the path below it."""
    if isinstance(node, Scalar) and node.value is None:
        return True
    if node.tag == "!remove" and isinstance(node, ListNode) and below:
        return any(isinstance(item, Scalar) and item.value == below[0] for item in node.items)
    return node.tag == "!replace"


def put(tree: MapNode, path: Path, node: Node) -> MapNode:
    """Put a value at a path of a tree that is not changed by it."""
    key, *rest = path
    copy = MapNode(tree.file, tree.at)
    copy.key_at, copy.tag, copy.items = tree.key_at, tree.tag, dict(tree.items)
    inner = tree.items.get(key)
    if not rest:
        copy.items[key] = node
    else:
        around = inner if isinstance(inner, MapNode) else MapNode(node.file, node.at)
        copy.items[key] = put(around, tuple(rest), node)
    return copy


def shape_at(path: Path) -> Shape | None:
    """The shape at a path of an agent's spec."""
    shape: Shape | None = spec_shape("Agent")
    for key in path:
        shape = child_shape(shape, key)
    return shape

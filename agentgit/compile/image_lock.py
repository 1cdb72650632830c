"""The digests of images by name, from agentgit.lock: a pure lookup for every compile.

The file is written by `agentgit lock`. Where it says nothing about a name, the name stays as a
layer wrote it; a name that has a digest already is nobody's business here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from agentgit.compile.parse import parse_file
from agentgit.compile.places import LOCK
from agentgit.compile.tree import MapNode, Node, Scalar, locate, locate_key
from agentgit.compile.words import show
from agentgit.errors import Location, Problem
from agentgit.model.snapshot import Snapshot

VERSION = 1
_DIGEST = r"^sha256:[0-9a-f]{64}$"
_NAME = r"^[^\s@]+$"
_LINK = "120000"  # Git's mode of a symbolic link
_REWRITE = "agentgit lock writes the file anew"
_HEAD = """\
# yaml-language-server: $schema=schemas/lock.schema.json
# The digests behind the names of images, written by `agentgit lock`. Commit this file.
"""
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": f"The digests behind the names of images, in {LOCK}",
    "type": "object",
    "properties": {
        "version": {
            "title": "Version",
            "description": "the version of this file's format",
            "const": VERSION,
            "examples": [VERSION],
        },
        "images": {
            "title": "Images",
            "description": "for each name of an image, as a layer writes it, its digest",
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {"type": "string", "pattern": _DIGEST},
            "examples": [{"ghcr.io/acme/support:1.4.0": f"sha256:{'0123abcd' * 8}"}],
        },
    },
    "required": ["version", "images"],
    "additionalProperties": False,
}


class ImageLock:
    """The digests of one snapshot. A tree that uses one gets it as a value of the lock file."""

    def __init__(self, digests: Mapping[str, Scalar]) -> None:
        self._digests = digests

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each name."""
        return {name: str(node.value) for name, node in self._digests.items()}

    def pin(self, tree: MapNode) -> MapNode:
        """Give a merged tree with the digest behind the name of its container's image."""
        container = tree.items.get("container") if self._digests else None
        image = container.items.get("image") if isinstance(container, MapNode) else None
        if not isinstance(container, MapNode) or not isinstance(image, Scalar):
            return tree
        said = self._digests.get(str(image.value))
        if said is None:
            return tree
        value = f"{image.value}@{said.value}"
        pinned = Scalar(said.file, said.at, value, said.raw, said.width)
        pinned.key_at = said.key_at
        return _replace(tree, "container", _replace(container, "image", pinned))


def read_image_lock(snapshot: Snapshot, report: Callable[[Problem], None]) -> ImageLock:
    """Read a snapshot's lock file; nothing is locked where there is none, or a bad one."""
    entry = snapshot.files.get(LOCK)
    if entry is None:
        return ImageLock({})
    if entry.mode == _LINK:
        report(Problem("links are not followed", Location(LOCK), "put the file itself here"))
        return ImageLock({})
    parsed = parse_file(LOCK, snapshot.read(LOCK))
    found = list(parsed.problems)
    digests: dict[str, Scalar] = {}
    if not found:
        digests = _read_digests(parsed.documents, found)
    for problem in found:
        report(problem)
    return ImageLock({} if found else digests)


def render_image_lock(digests: Mapping[str, str]) -> str:
    """Write the file, sorted by name."""
    from agentgit.compile.document import emit_yaml

    images = {name: digests[name] for name in sorted(digests)}
    return _HEAD + emit_yaml({"version": VERSION, "images": images})


def without_lock(snapshot: Snapshot) -> Snapshot:
    """Give the same snapshot without its lock file: every name as a layer wrote it."""
    files = {path: entry for path, entry in snapshot.files.items() if path != LOCK}
    return Snapshot(snapshot.commit, files, snapshot.read, snapshot.submodules)


def _read_digests(documents: list[Node], found: list[Problem]) -> dict[str, Scalar]:
    root = documents[0] if len(documents) == 1 else None
    if not isinstance(root, MapNode):
        found.append(Problem(f"{LOCK} must be one map", Location(LOCK), _REWRITE))
        return {}
    version, images = root.items.get("version"), root.items.get("images")
    if not isinstance(version, Scalar) or version.value != VERSION:
        where = Location(LOCK) if version is None else locate(version)
        message = (
            f"version must be {VERSION}, found {'none' if version is None else show(version)}"
        )
        hint = f"another agentgit may have written it; {_REWRITE}"
        found.append(Problem(message, where, hint))
        return {}
    for key, node in root.items.items():
        if key not in {"version", "images"}:
            found.append(Problem(f"unknown key {key}", locate_key(node, key), _REWRITE))
    if not isinstance(images, MapNode):
        where = Location(LOCK) if images is None else locate(images)
        found.append(Problem("images must be a map of digests by name", where, _REWRITE))
        return {}
    digests: dict[str, Scalar] = {}
    for name, node in images.items.items():
        if not re.match(_NAME, name):
            message = f"{name} is not the name of an image without a digest"
            found.append(Problem(message, locate_key(node, name), _REWRITE))
        elif not isinstance(node, Scalar) or not re.match(_DIGEST, str(node.value)):
            message = f"the digest of {name} must be sha256: and 64 hex digits, found {show(node)}"
            found.append(Problem(message, locate(node), _REWRITE))
        else:
            digests[name] = node
    return digests


def _replace(tree: MapNode, key: str, value: Node) -> MapNode:
    """Copy a map with another value at one key; nodes are never changed."""
    copy = MapNode(tree.file, tree.at)
    copy.items = {**tree.items, key: value}
    copy.key_at, copy.tag = tree.key_at, tree.tag
    return copy

"""The images of an imaginary machine, and what a registry brings to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.effects import HostStore
from agentgit.errors import DefiniteError
from agentgit.model.image import BroughtImage, Image
from agentgit.model.steps import EnsureImage, RemoveImage
from agentgit.providers.brought import (
    KEPT,
    check_unneeded,
    list_marked,
    mark,
    name_keeper,
    name_mark,
    read_mark,
    unmark,
)
from agentgit.providers.memory_engine import MemoryEngine


def find_image(engine: MemoryEngine, name: str) -> Image | None:
    """Say what a name, or an id, means on the machine."""
    ids = {_id(one): one for one in engine.digests.values()}
    digest = engine.digests.get(name) or ids.get(name)
    if digest is None and name not in engine.images:
        return None
    return Image(id=_id(digest or name), digest=digest or "")


def ensure_image(engine: MemoryEngine, host: str, store: HostStore, step: EnsureImage) -> None:
    """Have an image. What no registry knows counts as made on the machine itself."""
    if step.image in engine.missing_images:
        raise DefiniteError(f"{host} has no image {step.image} and cannot get it")
    digest = engine.registry.get(step.image)
    if digest is not None and find_image(engine, step.id or step.image) is None:
        is_new = digest not in engine.digests.values()
        repository = step.image.partition("@")[0].rpartition(":")[0] or step.image
        engine.digests |= {step.image: digest, f"{repository}@{digest}": digest}
        if engine.room is not None:
            engine.room -= engine.image_size
        if is_new:
            mark(store, _id(digest), step.image)
    engine.images.add(step.image)


def find_brought(
    engine: MemoryEngine, project_id: str, store: HostStore, environment: str
) -> tuple[BroughtImage, ...]:
    """Find the images that a project has brought, as they are now."""
    marked = {name_mark(one) for one in list_marked(store)}
    ids = sorted({_id(one) for one in engine.digests.values()})
    others = list(_read_others(engine, project_id, environment))
    return tuple(_look(engine, store, id_, others) for id_ in ids if name_mark(id_) in marked)


def remove_image(
    engine: MemoryEngine, host: str, project_id: str, store: HostStore, step: RemoveImage
) -> None:
    """Remove an image that we brought and nobody needs."""
    there = find_brought(engine, project_id, store, step.environment)
    found = next((one for one in there if one.id == step.id), None)
    if found is not None:
        check_unneeded(host, found)
        for name in [n for n, one in engine.digests.items() if _id(one) == step.id]:
            del engine.digests[name]
            engine.images.discard(name)
    unmark(store, step.id)


def _read_others(
    engine: MemoryEngine, project_id: str, environment: str
) -> Iterator[tuple[str, bytes]]:
    """Read which images other projects and environments have brought, or keep."""
    for owner, values in sorted(engine.stores.items()):
        for name in values.names(KEPT):
            if owner != project_id or name != f"{KEPT}{environment}":
                yield name_keeper(project_id, owner, name), values.read(name) or b""
        for name in values.names(name_mark("")) if owner != project_id else ():
            yield name_keeper(project_id, owner, name), name.encode()


def _look(
    engine: MemoryEngine, store: HostStore, id_: str, others: Sequence[tuple[str, bytes]]
) -> BroughtImage:
    name = read_mark(store, id_)
    names = [one for one, digest in engine.digests.items() if _id(digest) == id_]
    keepers = [keeper for keeper, text in others if id_.encode() in text]
    names_given = sorted(one for one in names if one != name and "@" not in one)
    users = [one.name for one, _ in engine.replicas.values() if one.image_id == id_]
    return BroughtImage(
        id=id_,
        name=name,
        named=name in names,
        containers=tuple(sorted(users)),
        wanted=(*(f"the name {one}" for one in names_given), *keepers),
    )


def _id(digest: str) -> str:
    return f"id of {digest}"

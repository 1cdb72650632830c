"""The images of an imaginary machine, and what a registry brings to it."""

from __future__ import annotations

from agentgit.effects import HostStore
from agentgit.errors import DefiniteError
from agentgit.model.image import BroughtImage, Image
from agentgit.model.steps import EnsureImage, RemoveImage
from agentgit.providers.brought import (
    KEPT,
    check_unneeded,
    list_marked,
    mark,
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
    engine: MemoryEngine, project_id: str, store: HostStore
) -> tuple[BroughtImage, ...]:
    """Find the images that a project has brought, as they are now."""
    marked = {name_mark(one) for one in list_marked(store)}
    ids = sorted({_id(one) for one in engine.digests.values()})
    return tuple(_look(engine, project_id, store, id_) for id_ in ids if name_mark(id_) in marked)


def remove_image(
    engine: MemoryEngine, host: str, project_id: str, store: HostStore, step: RemoveImage
) -> None:
    """Remove an image that we brought and nobody needs."""
    found = next(
        (one for one in find_brought(engine, project_id, store) if one.id == step.id), None
    )
    if found is not None:
        check_unneeded(host, found)
        for name in [n for n, one in engine.digests.items() if _id(one) == step.id]:
            del engine.digests[name]
            engine.images.discard(name)
    unmark(store, step.id)


def _look(engine: MemoryEngine, project_id: str, store: HostStore, id_: str) -> BroughtImage:
    name = read_mark(store, id_)
    names = [one for one, digest in engine.digests.items() if _id(digest) == id_]
    others = [
        f"project {owner[:8]}"
        for owner, values in sorted(engine.stores.items())
        if owner != project_id
        and (
            values.read(name_mark(id_)) is not None
            or any(id_.encode() in (values.read(one) or b"") for one in values.names(KEPT))
        )
    ]
    names_given = sorted(one for one in names if one != name and "@" not in one)
    users = [one.name for one, _ in engine.replicas.values() if one.image_id == id_]
    return BroughtImage(
        id=id_,
        name=name,
        named=name in names,
        containers=tuple(sorted(users)),
        wanted=(*(f"the name {one}" for one in names_given), *others),
    )


def _id(digest: str) -> str:
    return f"id of {digest}"

"""Images that we bring to an engine: who needs them, letting go of those that nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentgit.errors import DefiniteError
from agentgit.model.image import BroughtImage
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
from agentgit.providers.docker.calls import Engine, RefusedError
from agentgit.providers.docker.images import (
    ensure_image,
    full_id,
    list_images,
    means_same,
    repository_of,
)
from agentgit.providers.docker.labels import is_listed, listed_name, read_label
from agentgit.providers.docker.store import EngineStore, read_value

Found = Mapping[str, Any]


def bring_image(engine: Engine, project_id: str, step: EnsureImage) -> None:
    """Have an image, and note it where it is this that has brought it. Raises EngineError."""
    brought = ensure_image(engine, step.image, step.id, step.timeout)
    if brought:
        mark(EngineStore(engine, project_id), brought, step.image)


def find_brought(engine: Engine, project_id: str, environment: str) -> tuple[BroughtImage, ...]:
    """Find the images that a project has brought, in order of id; only those that are there."""
    marked = list_marked(EngineStore(engine, project_id))
    return tuple(_look(engine, project_id, environment, marked)) if marked else ()


def remove_image(engine: Engine, project_id: str, step: RemoveImage) -> None:
    """Remove an image that we brought. Raises DefiniteError where anybody needs it.

    Never by force: the engine itself looks once more for containers and names.
    """
    store = EngineStore(engine, project_id)
    for found in _look(engine, project_id, step.environment, (step.id,)):
        if not found.name:  # no mark of ours, or not any more
            return
        check_unneeded(engine.host, found)
        try:
            engine.call("DELETE", f"/images/{step.id}", query={"noprune": 1}, timeout=step.timeout)
        except RefusedError as refused:
            if not refused.is_missing:
                raise DefiniteError(
                    f"{engine.host}: the engine keeps the image {step.name}: {refused.words}"
                ) from refused
    unmark(store, step.id)


def _look(
    engine: Engine, project_id: str, environment: str, ids: Iterable[str]
) -> Iterator[BroughtImage]:
    """Look at images as they are now; those that are not there are left out."""
    store, there = EngineStore(engine, project_id), _by_id(list_images(engine))
    containers = engine.call("GET", "/containers/json", query={"all": 1}).json()
    users: dict[str, list[str]] = {}
    for one in containers:
        users.setdefault(full_id(one.get("ImageID") or ""), []).append(listed_name(one))
    others = list(_read_others(engine, project_id, environment, containers))
    for id_ in sorted(there.keys() & set(ids)):
        name = read_mark(store, id_)
        yield BroughtImage(
            id=id_,
            name=name,
            named=any(means_same(one, name) for one in _names(there[id_])),
            containers=tuple(sorted(users.get(id_, ()))),
            wanted=(
                *_find_other_names(there[id_], name),
                *(keeper for keeper, text in others if text is None or id_ in text),
            ),
        )


def _by_id(listed: Iterable[Found]) -> dict[str, Found]:
    return {full_id(one["Id"]): one for one in listed}


def _names(image: Found) -> list[str]:
    names = (*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ()))
    return [one for one in names if not one.startswith("<none>")]


def _find_other_names(image: Found, name: str) -> Iterator[str]:
    """Find the names that somebody else gave it: other tags, digests of other repositories."""
    said = {repository_of(name)}
    for one in sorted(_names(image), key=lambda one: ("@" in one, one)):
        if not (means_same(one, name) or ("@" in one and repository_of(one) in said)):
            yield f"the name {one}"
        said.add(repository_of(one))


def _read_others(
    engine: Engine, project_id: str, environment: str, containers: Iterable[Found]
) -> Iterator[tuple[str, str | None]]:
    """Read which images others have brought, or keep: (who, text with ids in it).

    Others are projects, and environments of this one. None is a text that cannot be read: it may
    speak of any image.
    """
    for one in containers:
        labels = one.get("Labels")
        owner, value = read_label(labels, "project-id"), read_label(labels, "value")
        if not is_listed(one, "store"):
            continue
        keeper, is_ours = name_keeper(project_id, owner, value), owner == project_id
        if value.startswith(name_mark("")) and not is_ours:
            yield keeper, full_id(value.removeprefix(name_mark("")))
        elif value.startswith(KEPT) and not (is_ours and value == f"{KEPT}{environment}"):
            data = read_value(engine, one["Id"])
            if data is not None:
                yield keeper, data.decode(errors="replace") or None

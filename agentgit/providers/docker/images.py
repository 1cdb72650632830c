"""Images on one engine: what is there, what a registry has behind a name, and pulling."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from agentgit.errors import DefiniteError, EngineError
from agentgit.model.image import Image
from agentgit.providers.docker.calls import Engine, RefusedError, find
from agentgit.providers.docker.inspection import engine_name, split_image

_NO_SUCH_IMAGE = (  # what registries and engines say of an image that will not come by itself
    "manifest unknown", "no matching manifest", "not found", "does not exist", "denied",
    "unauthorized", "authentication required", "invalid reference", "short-name",
)  # fmt: skip
_PULL_TIMEOUT = 600.0  # seconds
_ASK_TIMEOUT = 30.0


def find_image(engine: Engine, name: str) -> Image | None:
    """Say what a name means on this engine; None when it has no such image."""
    libpod = "/libpod" if engine.info.kind == "podman" else ""
    found = find(engine, f"{libpod}/images/{engine_name(name)}/json")
    if found is None:
        return None
    return Image(id=full_id(found["Id"]), digest=_digest(found, name))


def ask_registry(engine: Engine, name: str) -> str:
    """Give the digest that a registry has behind a name, with the user's credentials.

    Podman has no call that only asks, so there the image is pulled. Raises EngineError.
    """
    if engine.info.kind == "podman":
        _pull(engine, name, _PULL_TIMEOUT)
        found = find_image(engine, name)
        if found is None or not found.digest:
            raise DefiniteError(f"{engine.host}: {name} has no digest after it was pulled")
        return found.digest
    path, headers = f"/distribution/{name}/json", engine.registry_headers(name)
    try:
        answer = b"".join(engine.stream("GET", path, headers=headers, timeout=_ASK_TIMEOUT))
    except RefusedError as refused:
        what = f"its registry gives no digest of {name}"
        raise _explain(engine, what, refused.words) from refused
    return str(json.loads(answer)["Descriptor"]["digest"])


def ensure_image(engine: Engine, name: str, id_: str, timeout: float) -> str:
    """Have an image, pulling it where it is not there. Raises EngineError.

    With an id only that one will do: a registry may have another one behind the name. Gives the
    id of an image that was not there before, under any name; else an empty text.
    """
    path = f"/images/{id_ or engine_name(name)}/json"
    if find(engine, path) is not None:
        return ""
    before = {full_id(one["Id"]) for one in list_images(engine)}
    _pull(engine, name, timeout)
    found = find(engine, path)
    if found is None:
        raise _unpulled(engine, name, "")
    brought = full_id(found["Id"])
    return "" if brought in before else brought


def list_images(engine: Engine) -> list[dict[str, Any]]:
    """List all images, also those that have lost their name."""
    listed: list[dict[str, Any]] = engine.call("GET", "/images/json", query={"all": 1}).json()
    return listed


def full_id(id_: str) -> str:
    """Write an id as Docker does; Podman leaves the algorithm out in places."""
    return f"sha256:{id_.removeprefix('sha256:')}"


def means_same(one: str, other: str) -> bool:
    """Whether two names of images are the same, spelled out: `python` is `python:latest`."""
    return bool(other) and _spell_out(one) == _spell_out(other)


def repository_of(name: str) -> str:
    """Name the repository of an image in full."""
    return _full(split_image(name)[0])


def _pull(engine: Engine, name: str, timeout: float) -> None:
    repository, tag = split_image(name)
    try:
        lines = engine.stream(
            "POST",
            "/images/create",
            query={"fromImage": repository, "tag": tag},
            headers=engine.registry_headers(name),
            timeout=timeout,
        )
        refusal = _pull_error(_read_pull(lines, timeout))
    except RefusedError as refused:
        refusal = refused.words
    if refusal:
        raise _unpulled(engine, name, refusal)


def _unpulled(engine: Engine, name: str, refusal: str) -> EngineError:
    return _explain(engine, f"the image {name} is not there and could not be pulled", refusal)


def _explain(engine: Engine, what: str, refusal: str) -> EngineError:
    definite = not refusal or any(words in refusal.lower() for words in _NO_SUCH_IMAGE)
    return (DefiniteError if definite else EngineError)(
        f"{engine.host}: {what}: {refusal or 'the registry does not have it'}",
        hint="check its name and tag, that the registry answers, and `docker login`",
    )


def _digest(found: dict[str, Any], name: str) -> str:
    """Find the digest by which the name's own repository knows an image.

    For an image of several platforms Podman lists the one of the whole beside its own (`Digest`):
    the one of the whole is the same on every platform.
    """
    wanted, own = _full(split_image(name)[0]), found.get("Digest")
    pairs = (str(one).partition("@") for one in found.get("RepoDigests") or ())
    known = sorted(digest for repository, _, digest in pairs if _full(repository) == wanted)
    if wanted.startswith("localhost/"):  # Podman: built here, in no registry
        return ""
    return next((one for one in known if one != own), known[0] if known else "")


def _spell_out(name: str) -> tuple[str, str]:
    repository, tag = split_image(name)
    return _full(repository), tag


def _full(repository: str) -> str:
    """Write a repository in full, as Docker takes it: `python` is `docker.io/library/python`."""
    head, slash, rest = repository.partition("/")
    if not slash:
        return f"docker.io/library/{repository}"
    if head in {"docker.io", "index.docker.io"}:
        return f"docker.io/{rest if '/' in rest else f'library/{rest}'}"
    return (
        repository
        if "." in head or ":" in head or head == "localhost"
        else f"docker.io/{repository}"
    )


def _read_pull(chunks: Iterable[bytes], timeout: float) -> list[bytes]:
    """Read a pull's report to its end; a slow pull reports all the time, so look at the clock."""
    deadline = time.monotonic() + timeout
    written = bytearray()
    for chunk in chunks:
        written += chunk
        if time.monotonic() > deadline:
            return [json.dumps({"error": f"it took more than {timeout:g} s"}).encode()]
    return bytes(written).splitlines()


def _pull_error(lines: Iterable[bytes]) -> str:
    """Find the error in what a pull reports line by line: it comes after status 200."""
    for line in lines:
        report = json.loads(line)
        if "error" in report:
            return str(report["error"])
    return ""

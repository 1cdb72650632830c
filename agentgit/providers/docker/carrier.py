"""Files into containers: a tiny image of our own, and never-started containers that carry files.

The image is made here and loaded, so that no registry is needed; being deterministic it is found
again by its id.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from agentgit.errors import EngineError
from agentgit.providers.docker.calls import Engine, RefusedError, drop, find

CARRIER_TAG = "agentgit/carrier:1"
_EPOCH = "1970-01-01T00:00:00Z"


def ensure_carrier_image(engine: Engine) -> str:
    """Have the carrier image on the engine; gives its id."""
    archive, image = build_carrier_image()
    if find(engine, f"/images/{image}/json") is None:
        engine.call("POST", "/images/load", query={"quiet": 1}, body=archive)
        if find(engine, f"/images/{image}/json") is None:
            raise EngineError(
                f"{engine.host}: the engine did not keep the image {CARRIER_TAG} that was loaded",
                hint="look whether its disk is full",
            )
    return image


def create_carrier(
    engine: Engine, name: str, labels: Mapping[str, str], volume: tuple[str, str] | None = None
) -> str:
    """Create a container that is never started, perhaps with a volume (name, path); its id."""
    body: dict[str, Any] = {"Image": ensure_carrier_image(engine), "Labels": dict(labels)}
    body["HostConfig"] = {"NetworkMode": "none"}
    if volume is not None:
        mount = {"Type": "volume", "Source": volume[0], "Target": volume[1]}
        body["HostConfig"]["Mounts"] = [mount]
    answer = engine.call("POST", "/containers/create", query={"name": name}, body=body).json()
    return str(answer["Id"])


class FileStat(NamedTuple):
    """What is known of a file without reading it: bytes, and seconds since 1970."""

    size: int
    changed: int


def put_file(
    engine: Engine, container: str, folder: str, name: str, data: bytes, *, changed: int = 0
) -> None:
    """Write a file, readable by everyone, into a container that need not run."""
    path, query = f"/containers/{container}/archive", {"path": folder}
    archive = _tar({name: data}, mode=0o444, changed=changed)
    try:
        engine.call("PUT", path, query=query, body=archive)
    except RefusedError as refused:
        if refused.status != 500:
            raise
        engine.call("PUT", path, query=query, body=archive)  # Podman: a rare broken pipe


def get_file(engine: Engine, container: str, path: str) -> bytes | None:
    """Read a file from a container; None when the container or the file does not exist.

    Nothing but `b""` comes of an archive that is cut off: the container is being removed.
    """
    try:
        answer = engine.call("GET", f"/containers/{container}/archive", query={"path": path})
    except RefusedError as refused:
        if refused.is_missing:
            return None
        raise
    try:
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            contents = (archive.extractfile(member) for member in archive)
            return next((one.read() for one in contents if one is not None), None)
    except tarfile.ReadError:
        return b""


def stat_file(engine: Engine, container: str, path: str) -> FileStat | None:
    """Look at a file of a container; None where there is none, or the engine does not tell.

    To read it takes much longer, however small it is: engines pack it in another process.
    """
    try:
        answer = engine.call("HEAD", f"/containers/{container}/archive", query={"path": path})
        said = json.loads(base64.b64decode(answer.header("X-Docker-Container-Path-Stat")))
        changed = datetime.fromisoformat(said["mtime"])
        return FileStat(int(said["size"]), int(changed.timestamp()))
    except (RefusedError, ValueError, KeyError, TypeError):
        return None


def remove_carrier(engine: Engine, container: str) -> None:
    """Remove a carrier, by its full id."""
    drop(engine, f"/containers/{container}", force=1)


@cache
def build_carrier_image() -> tuple[bytes, str]:
    """Build the image as `docker save` would write it, the same bytes every time; and its id."""
    layer = _tar({})
    config = json.dumps(
        {
            "architecture": "amd64",  # it has no program: any engine takes it
            "os": "linux",
            "created": _EPOCH,
            "config": {"Cmd": ["/never-started"], "Labels": {"dev.agentgit.schema": "1"}},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
            "history": [{"created": _EPOCH, "created_by": "agentgit"}],
        },
        sort_keys=True,
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [CARRIER_TAG], "Layers": ["layer.tar"]}]
    files = {
        "config.json": config,
        "layer.tar": layer,
        "manifest.json": json.dumps(manifest).encode(),
    }
    return _tar(files), f"sha256:{_digest(config)}"


def _tar(files: Mapping[str, bytes], mode: int = 0o644, changed: int = 0) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), mode, changed
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""Images for the tests, made without a registry. The base image itself comes from images.sh."""

import io
import tarfile
from collections.abc import Mapping

import docker

PYTHON_IMAGE = "agentgit-test-python:1"
"""CPython, a busybox shell, /app as working directory, the users root and app (1000)."""


def pack(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """A tar of the files that is the same for the same files: no clock, no owner, sorted."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """The regular files of a tar."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        files = {item.name: opened.extractfile(item) for item in opened if item.isfile()}
        return {name: content.read() for name, content in files.items() if content}


def build_agent_image(socket_url: str, tag: str, context_files: Mapping[str, bytes]) -> str:
    """Build an image from files, one of them the Dockerfile; gives back its id (sha256:...).

    The base should be PYTHON_IMAGE: nothing can be pulled. Podman builds in Docker's format over
    this endpoint, so HEALTHCHECK is kept, although its image inspect does not show it.
    """
    client = docker.DockerClient(base_url=socket_url)
    try:
        image, _ = client.images.build(
            fileobj=io.BytesIO(pack(context_files)),
            custom_context=True,
            tag=tag,
            rm=True,
            forcerm=True,
        )
        return str(image.id)
    finally:
        client.close()

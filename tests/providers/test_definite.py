"""Which refusals are worth another try."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from agentgit.errors import EngineError
from agentgit.model.steps import EnsureImage, Stamp
from agentgit.providers.docker.calls import RefusedError
from agentgit.providers.docker.steps import perform_step
from agentgit.providers.process.files import engine_errors


class Registry:
    """An engine without the image, whose registry says one thing."""

    host = "eu-1"

    def __init__(self, words: str) -> None:
        self._words = words

    def call(self, _: str, path: str, **__: Any) -> Any:
        if path != "/images/json":
            raise RefusedError("no such image", status=404)
        return SimpleNamespace(json=list)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield f'{{"error": "{self._words}"}}\n'.encode() if self._words else b""

    def registry_headers(self, _: str) -> Mapping[str, str]:
        return {}


@pytest.mark.parametrize(
    ("words", "definite"),
    [
        ("", True),
        ("manifest for acme/agent:9 not found: manifest unknown: manifest unknown", True),
        ("pull access denied for acme/agent, repository does not exist", True),
        ("unauthorized: authentication required", True),
        ("Get https://registry.acme.example/v2/: dial tcp: lookup: no such host", False),
        ("net/http: TLS handshake timeout", False),
        ("received unexpected HTTP status: 503 Service Unavailable", False),
        ("write /var/lib/docker/tmp/GetImageBlob: no space left on device", False),
    ],
)
def test_an_image_that_does_not_exist_will_not_come(words: str, *, definite: bool) -> None:
    engine: Any = Registry(words)
    with pytest.raises(EngineError, match="could not be pulled") as raised:
        perform_step(
            engine,
            "id",
            EnsureImage(host="eu-1", image="acme/agent:9"),
            Stamp(rollout="", fence=1),
        )
    assert raised.value.is_definite == definite


@pytest.mark.parametrize(
    ("number", "definite"),
    [
        (errno.EACCES, True),
        (errno.EROFS, True),
        (errno.ENOENT, True),
        (errno.ENOSPC, False),
        (errno.EAGAIN, False),
        (errno.EMFILE, False),
    ],
)
def test_what_the_operating_system_refuses(number: int, *, definite: bool) -> None:
    with pytest.raises(EngineError) as raised, engine_errors("here", "write"):
        raise OSError(number, "no", "/file")
    assert raised.value.is_definite == definite


def test_a_container_that_goes_at_that_moment_is_missing_on_podman_too() -> None:
    words = "container 1f09 does not exist in database: no such container"
    assert RefusedError("refused", status=500, words=words).is_missing
    assert not RefusedError("refused", status=500, words="disk full").is_missing

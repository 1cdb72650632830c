"""Calls by the docker SDK: it knows TLS, ssh and the registry credentials of this machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import docker.auth
import docker.constants
import docker.errors
import docker.utils
import requests

from agentgit.providers.docker.lines import CONNECT_TIMEOUT, Call


class SdkLine:
    """One endpoint through the SDK. It asks nothing of the engine before the first call."""

    def __init__(self, endpoint: str, timeout: float) -> None:
        """Raise ValueError for a port that is none, OSError for other nonsense."""
        with _as_os_error():
            self._client = docker.APIClient(
                version=docker.constants.DEFAULT_DOCKER_API_VERSION,
                timeout=math.ceil(timeout),
                use_ssh_client=True,
                max_pool_size=32,
                **docker.utils.kwargs_from_env({**os.environ, "DOCKER_HOST": endpoint}),
            )
        # proxies and certificates for the web are not meant for an engine
        self._client.trust_env = False

    def send(self, call: Call) -> _Answer:
        """Make a call. Raises OSError, which the errors of requests are too."""
        return _Answer(
            self._client.request(
                call.method,
                f"{self._client.base_url}{call.target}",
                data=call.body,
                headers=dict(call.headers),
                timeout=(CONNECT_TIMEOUT, call.timeout),
                stream=call.stream,
            )
        )

    def registry_headers(self, repository: str) -> Mapping[str, str]:
        """Give the user's credentials for the registry of a repository, as a header."""
        with _as_os_error():
            registry, _ = docker.auth.resolve_repository_name(repository)
            header = docker.auth.get_config_header(self._client, registry)
        return {"X-Registry-Auth": header.decode()} if header else {}

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except docker.errors.DockerException as error:
        raise OSError(str(error)) from error


class _Answer:
    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self._response = response

    def header(self, name: str) -> str:
        return self._response.headers.get(name) or ""

    @property
    def content(self) -> bytes:
        return self._response.content

    def json(self) -> Any:
        return self._response.json()

    def pieces(self) -> Iterator[bytes]:
        yield from self._response.iter_content(None)

    def close(self) -> None:
        self._response.close()

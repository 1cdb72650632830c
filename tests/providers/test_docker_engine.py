"""One endpoint and its errors, against a small server that plays an engine."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from agentgit.errors import EngineError
from agentgit.providers.docker.calls import EngineInfo, RefusedError, read_greeting, read_version
from agentgit.providers.docker.provider import DockerEngine, DockerProvider
from agentgit.providers.docker.request import request_published, shares_network
from agentgit.providers.endpoints import (
    answers,
    default_endpoint,
    find_endpoints,
    find_engine,
)
from agentgit.providers.podman import PodmanProvider

Answer = tuple[int, Any]
VERSION = {"Version": "20.10.24", "ApiVersion": "1.41", "Components": [{"Name": "Engine"}]}
PODMAN = {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self) -> Any:
        request, _ = super().get_request()
        return request, ("engine", 0)


Serve = Callable[[dict[str, Answer]], str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve answers by path on a unix socket; anything else is 404."""
    servers = []

    def start(answers: dict[str, Answer]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.get(self.path, (404, {"message": f"no {self.path}"}))
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *arguments: object) -> None:
                pass

        path = tmp_path / f"engine-{len(servers)}.sock"
        server = UnixServer(str(path), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"unix://{path}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def engine(serve: Serve) -> Iterator[DockerEngine]:
    url = serve(
        {
            "/version": (200, VERSION),
            "/v1.41/fine": (200, {"a": 1}),
            "/v1.41/broken": (500, {"message": "disk full"}),
            "/v1.41/odd": (500, b"plain words"),
            "/v4.0.0/libpod/thing": (200, {"b": 2}),
        }
    )
    engine = DockerEngine("eu-1", url)
    yield engine
    engine.close()


def test_calls_speak_the_engines_own_api(engine: DockerEngine) -> None:
    assert engine.call("GET", "/fine").json() == {"a": 1}
    assert engine.call("GET", "/libpod/thing").json() == {"b": 2}


@pytest.mark.parametrize(("path", "words"), [("/broken", "disk full"), ("/odd", "plain words")])
def test_a_refusal_has_the_engines_words_and_the_host(
    engine: DockerEngine, path: str, words: str
) -> None:
    with pytest.raises(RefusedError) as raised:
        engine.call("GET", path)
    assert raised.value.status == 500
    assert raised.value.words == words
    assert raised.value.message == f"eu-1: the engine refused: {words}"
    assert raised.value.hint


def test_a_stream_refuses_the_same_way(engine: DockerEngine) -> None:
    with pytest.raises(RefusedError, match="disk full"):
        list(engine.stream("GET", "/broken", timeout=2.0))


def test_missing_is_told(engine: DockerEngine) -> None:
    with pytest.raises(RefusedError) as raised:
        engine.call("GET", "/nothing")
    assert raised.value.is_missing
    assert not raised.value.is_conflict


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (409, "Conflict."),
        (500, 'creating container storage: the container name "a" is already in use by "b"'),
        (500, "network already exists"),
    ],
)
def test_a_taken_name_is_told_on_every_engine(status: int, words: str) -> None:
    assert RefusedError("no", status=status, words=words).is_conflict


@pytest.mark.parametrize(
    ("status", "definite"),
    [
        (400, True),
        (403, True),
        (404, False),
        (409, False),
        (429, False),
        (500, False),
        (501, True),
    ],
)
def test_what_helps_to_try_again_is_known(status: int, *, definite: bool) -> None:
    assert RefusedError("no", status=status).is_definite == definite
    assert not EngineError("no answer").is_definite


def test_nobody_there(tmp_path: Path) -> None:
    provider = DockerProvider("eu-1", f"unix://{tmp_path}/none.sock", "0" * 36)
    with pytest.raises(
        EngineError, match=r"eu-1: the engine at unix://.* does not answer"
    ) as caught:
        provider.observe("staging")
    assert "No such file or directory" in caught.value.message
    assert "start the engine" in (caught.value.hint or "")
    provider.close()


def test_an_engine_that_hangs_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "hangs.sock"
    with socketserver.UnixStreamServer(str(path), socketserver.BaseRequestHandler):
        provider = DockerProvider("eu-1", f"unix://{path}", "0" * 36, timeout=0.2)
        with pytest.raises(EngineError, match="it took too long"):
            provider.observe("staging")
        provider.close()


def test_an_endpoint_that_makes_no_sense() -> None:
    provider = DockerProvider("eu-1", "carrier-pigeon://coop", "0" * 36)
    with pytest.raises(EngineError, match="eu-1: the engine at carrier-pigeon://coop"):
        provider.observe("staging")
    provider.close()


@pytest.mark.parametrize("endpoint", ["tcp://x:foo", "tcp://x:99999", "tcp://[x"])
def test_a_variable_that_names_no_port(endpoint: str) -> None:
    assert answers(endpoint, timeout=1) is None
    with pytest.raises(EngineError, match="eu-1"):
        _ = DockerEngine("eu-1", endpoint).info


def test_ssh_says_what_it_needs() -> None:
    if find_spec("paramiko") is not None:
        pytest.skip("ssh can be had here")
    provider = DockerProvider("eu-1", "ssh://deploy@nowhere.example", "0" * 36)
    with pytest.raises(EngineError, match="paramiko") as caught:
        provider.observe("staging")
    assert "agentgit[ssh]" in (caught.value.hint or "")
    provider.close()


def test_every_call_passes_one_place(serve: Serve) -> None:
    seen: list[tuple[str, str]] = []
    engine = DockerEngine(
        "h", serve({"/version": (200, VERSION)}), on_call=lambda *call: seen.append(call)
    )
    with pytest.raises(RefusedError):
        engine.call("DELETE", "/x")
    with pytest.raises(RefusedError):
        list(engine.stream("GET", "/y", timeout=1.0))
    engine.close()
    assert seen == [
        ("before", "GET /_ping"),
        ("after", "GET /_ping"),
        ("before", "GET /version"),
        ("after", "GET /version"),
        ("before", "DELETE /v1.41/x"),
        ("after", "DELETE /v1.41/x"),
        ("before", "GET /v1.41/y"),
        ("after", "GET /v1.41/y"),
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "api", "updates"),
    [
        (VERSION, "docker", "1.41", True),
        (VERSION | {"ApiVersion": "1.99"}, "docker", "1.51", True),
        (PODMAN, "podman", "1.41", False),
        (PODMAN | {"Version": "5.4.2"}, "podman", "1.41", True),
    ],
)
def test_engines_are_told_apart(answer: Any, kind: str, api: str, updates: bool) -> None:  # noqa: FBT001 - a parameter
    info = read_version(answer)
    assert (info.kind, info.api, info.updates_in_place) == (kind, api, updates)


@pytest.mark.parametrize(
    ("server", "api", "info"),
    [
        ("Docker/20.10.24+dfsg1 (linux)", "1.41", EngineInfo("docker", "20.10.24+dfsg1", "1.41")),
        ("Docker/29.0.0 (linux)", "1.99", EngineInfo("docker", "29.0.0", "1.51")),
        ("Libpod/4.3.1 (linux)", "1.41", EngineInfo("podman", "4.3.1", "1.41")),
        ("nginx/1.27", "1.41", None),
        ("Docker/20.10.24", "", None),
        ("", "1.41", None),
    ],
)
def test_a_greeting_says_who_answers(server: str, api: str, info: EngineInfo | None) -> None:
    assert read_greeting(server, api) == info


def test_what_was_asked_for_and_what_answers_may_differ(serve: Serve) -> None:
    empty: dict[str, Answer] = {
        "/version": (200, PODMAN),
        "/v1.41/networks": (200, []),
    }
    provider = PodmanProvider("h", serve(empty), "0" * 36)
    assert provider.kind == "podman"
    provider.close()
    provider = DockerProvider("h", serve(empty), "0" * 36)
    assert provider.kind == "docker"
    provider.close()


def test_who_answers(serve: Serve, tmp_path: Path) -> None:
    docker, podman = serve({"/version": (200, VERSION)}), serve({"/version": (200, PODMAN)})
    broken = serve({"/version": (200, b"<html>")})
    info = answers(podman)
    assert info is not None
    assert (info.kind, info.version) == ("podman", "4.3.1")
    assert answers(broken) is None
    assert answers(serve({})) is None
    assert answers(f"unix://{tmp_path}/none.sock") is None
    assert answers("tcp://127.0.0.1:1", timeout=0.5) is None
    both = {"DOCKER_HOST": docker, "CONTAINER_HOST": podman}
    found = find_engine(environment=both)
    assert found is not None
    assert (found.engine, found.url) == ("docker", docker)
    found = find_engine(environment=both | {"DOCKER_HOST": broken})
    assert found is not None
    assert (found.engine, found.url) == ("podman", podman)
    assert find_engine(broken) is None


def test_where_engines_are_expected(tmp_path: Path) -> None:
    assert find_endpoints("docker", {}) == ("unix:///var/run/docker.sock",)
    assert find_endpoints("docker", {"DOCKER_HOST": "tcp://a:1"}) == ("tcp://a:1",)
    assert find_endpoints("podman", {"CONTAINER_HOST": "unix:///p"}) == ("unix:///p",)
    own = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert find_endpoints("podman", own) == (
        "unix:///run/podman/podman.sock",
        f"unix://{tmp_path}/podman/podman.sock",
    )
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman" / "podman.sock").touch()
    assert default_endpoint("docker", {}) == "unix:///var/run/docker.sock"
    if not Path("/run/podman/podman.sock").exists():
        assert default_endpoint("podman", own) == f"unix://{tmp_path}/podman/podman.sock"


def test_ports_are_ours_only_in_our_own_network(serve: Serve) -> None:
    assert shares_network(serve({}))
    assert not shares_network("unix:///nowhere/engine.sock")
    assert not shares_network("tcp://127.0.0.1:2375")


class Version(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(PODMAN).encode())

    def log_message(self, *arguments: object) -> None:
        pass


def test_tcp_goes_straight_to_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with HTTPServer(("127.0.0.1", 0), Version) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"tcp://127.0.0.1:{server.server_port}"
        engine = DockerEngine("h", url)
        assert engine.info.version == "4.3.1"
        assert answers(url) == engine.info
        engine.close()
        server.shutdown()
        thread.join()


class Healthz(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_published_port_answers() -> None:
    with HTTPServer(("127.0.0.1", 0), Healthz) as server:
        address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert request_published(address, "/healthz", 2.0) == (503, b"/healthz")
        thread.join()
    assert request_published(address, "/healthz", 0.5) is None

"""What the other tests take for granted about the engines they get."""

import hashlib
import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tests.engines.fixtures import Engine
from tests.engines.images import PYTHON_IMAGE, build_agent_image, pack, unpack
from tests.waiting import PATIENCE, await_condition

EMPTY_LAYER = bytes(1024)
AGENT = b"""
import http.server
class Agent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"agent")
http.server.ThreadingHTTPServer(("", 8080), Agent).serve_forever()
"""
DOCKERFILE = f"""
FROM {PYTHON_IMAGE}
COPY agent.py /app/agent.py
USER app
HEALTHCHECK --interval=1s --timeout=2s --retries=2 \\
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]
CMD ["python3", "/app/agent.py"]
""".encode()


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=engine.url)
    yield client
    client.close()


@pytest.fixture
def mark(client: docker.DockerClient) -> Iterator[str]:
    """A unique name; what carries it as a label goes when the test ends."""
    mark = f"agentgit-test-{uuid.uuid4().hex[:12]}"
    yield mark
    mine: dict[str, str | list[str] | bool] = {"label": f"mark={mark}"}
    for container in client.containers.list(all=True, filters=mine):
        if container.status == "running":
            container.kill()
        container.remove(force=True)
    for network in client.networks.list(filters=mine):
        network.remove()
    for volume in client.volumes.list(filters=mine):
        volume.remove()


@pytest.fixture(scope="session")
def agent_image(engine: Engine) -> str:
    # left on the engine: Podman removes the containers of an image with it, whoever they are
    tag = "agentgit-test-agent:1"
    build_agent_image(engine.url, tag, {"Dockerfile": DOCKERFILE, "agent.py": AGENT})
    return tag


def start(
    client: docker.DockerClient, mark: str, image: str, *command: str, **more: Any
) -> Container:
    return client.containers.run(
        image, list(command) or None, detach=True, labels={"mark": mark}, **more
    )


def test_each_engine_is_the_kind_it_says(engine: Engine, client: docker.DockerClient) -> None:
    assert client.ping()
    name = client.version()["Components"][0]["Name"]
    assert name == {"docker": "Engine", "podman": "Podman Engine"}[engine.kind]


def test_the_image_has_python_a_shell_and_a_user(client: docker.DockerClient, mark: str) -> None:
    script = "id -un; pwd; touch here; python3 -c 'import ssl, sqlite3, sys; print(sys.version)'"
    container = start(client, mark, PYTHON_IMAGE, "sh", "-c", script, user="app")
    container.wait(timeout=PATIENCE)
    user, folder, version = container.logs().decode().splitlines()
    assert (user, folder) == ("app", "/app")
    assert version.startswith("3.")


def test_the_image_is_the_same_on_both(docker_engine: Engine, podman_engine: Engine) -> None:
    def image_id(url: str) -> str:
        client = docker.DockerClient(base_url=url)
        try:
            return str(client.images.get(PYTHON_IMAGE).id)
        finally:
            client.close()

    assert image_id(docker_engine.url) == image_id(podman_engine.url)


def test_a_published_port_is_reached_at_the_engines_address(
    engine: Engine, client: docker.DockerClient, agent_image: str, mark: str
) -> None:
    container = start(client, mark, agent_image, ports={"8080/tcp": None})
    container.reload()
    port = (container.ports["8080/tcp"] or [])[0]["HostPort"]

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://{engine.address}:{port}/", timeout=2) as answer:
                return bool(answer.read() == b"agent")
        except OSError:
            return False

    await_condition(answers, "the published port")


def test_a_health_check_is_kept_and_can_be_run(
    engine: Engine, client: docker.DockerClient, agent_image: str, mark: str
) -> None:
    container = start(client, mark, agent_image)

    def healthy() -> bool:
        if engine.kind == "podman":
            run_health_check(client, container)
        container.reload()
        return bool(container.attrs["State"]["Health"]["Status"] == "healthy")

    await_condition(healthy, "health")


def run_health_check(client: docker.DockerClient, container: Container) -> None:
    """Podman leaves this to systemd timers, which the engine does not have."""
    api = client.api
    answer = api.get(f"{api.base_url}/v4.0.0/libpod/containers/{container.id}/healthcheck")
    assert answer.status_code == 200, answer.text


def test_an_alias_on_a_network_is_resolved(
    client: docker.DockerClient, agent_image: str, mark: str
) -> None:
    network = client.networks.create(mark, labels={"mark": mark})
    server = client.containers.create(agent_image, labels={"mark": mark}, network=mark)
    network.disconnect(server)
    network.connect(server, aliases=["support"])
    server.start()
    fetch = "import urllib.request as r; print(r.urlopen('http://support:8080/').read().decode())"
    caller = start(client, mark, PYTHON_IMAGE, "sleep", "60", network=mark)
    await_condition(
        lambda: caller.exec_run(["python3", "-c", fetch]).output == b"agent\n",
        "an answer under the alias",
    )


def carrier_archive(tag: str) -> tuple[str, bytes]:
    """Id and archive of an image of nothing, the same bytes every time."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Cmd": ["/never-started"]},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(EMPTY_LAYER).hexdigest()}"],
            },
        },
        sort_keys=True,
    ).encode()
    digest = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{digest}.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    members = {
        f"{digest}.json": config,
        "layer.tar": EMPTY_LAYER,
        "manifest.json": json.dumps(manifest).encode(),
    }
    return f"sha256:{digest}", pack(members)


def test_a_container_that_never_starts_carries_files_into_a_volume(
    client: docker.DockerClient, mark: str
) -> None:
    image_id, archive = carrier_archive("agentgit-test-carrier:1")
    assert [image.id for image in client.images.load(archive)] == [image_id]
    client.volumes.create(mark, labels={"mark": mark})
    carrier = client.containers.create(
        image_id,
        volumes={mark: {"bind": "/files", "mode": "rw"}},
        network_mode="none",
        labels={"mark": mark},
    )
    assert carrier.put_archive("/files", pack({"agent.json": b"{}"}))
    stream, _ = carrier.get_archive("/files/agent.json")
    assert unpack(b"".join(stream)) == {"agent.json": b"{}"}
    mounted = {mark: {"bind": "/run/agentgit", "mode": "ro"}}
    reader = start(client, mark, PYTHON_IMAGE, "cat", "/run/agentgit/agent.json", volumes=mounted)
    reader.wait(timeout=PATIENCE)
    assert reader.logs() == b"{}"
    carrier.reload()
    assert carrier.status == "created"

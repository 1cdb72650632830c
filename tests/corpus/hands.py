"""What somebody does to a container by hand, and the words that a plan has for it."""

from __future__ import annotations

from collections.abc import Callable

import docker

from tests.corpus.fields import PLAIN, WAIT

FOREIGN = "agentgit-by-hand"  # a network that is nobody's
BLOCK = {
    "image": PLAIN,
    "command": ["/bin/sh", "-c", WAIT],
    "networks": {"front": {"aliases": ["desk"]}, "back": {}},
    "stop_grace_period": "1s",
    "restart": "no",
    "deploy": {"resources": {"limits": {"cpus": "0.5", "memory": "64m", "pids": 60}}},
}
MEGABYTE = 1024**2
Hand = Callable[[docker.APIClient, str], object]


def _update(**values: object) -> Hand:
    def change(client: docker.APIClient, key: str) -> None:
        answer = client.post(client._url("/containers/{0}/update", key), json=values)
        answer.raise_for_status()

    return change


def _find_network(client: docker.APIClient, key: str, word: str) -> str:
    joined = client.inspect_container(key)["NetworkSettings"]["Networks"]
    return next(name for name in joined if word in name)


def _disconnect(client: docker.APIClient, key: str) -> None:
    client.disconnect_container_from_network(key, _find_network(client, key, "-back"))


def _reconnect(client: docker.APIClient, key: str) -> None:
    network = _find_network(client, key, "-front")
    client.disconnect_container_from_network(key, network)
    client.connect_container_to_network(key, network, aliases=["other"])


def _connect(client: docker.APIClient, key: str) -> None:
    client.connect_container_to_network(key, FOREIGN)


def _forge(client: docker.APIClient, key: str, name: str = "") -> None:
    """Run somebody's own container under our labels, with a name of its own or that of ours."""
    ours = client.inspect_container(key)
    name = name or ours["Name"].lstrip("/")
    labels = ours["Config"]["Labels"] | {"dev.agentgit.self": name}
    made = client.create_container(
        PLAIN, ["/bin/sh", "-c", WAIT], name=name, labels=labels, environment={"EVIL": "1"}
    )
    client.start(made["Id"])


def _take_place(client: docker.APIClient, key: str) -> None:
    name = client.inspect_container(key)["Name"].lstrip("/")
    client.rename(key, f"gone-{key[:8]}")
    _forge(client, key, name)
    client.remove_container(key, force=True)


EVERYWHERE: dict[str, tuple[Hand, str, str]] = {  # what is done, what is said, what happens
    "connect": (_connect, f"networks.{FOREIGN}", "replace"),
    "beside": (lambda client, key: _forge(client, key, f"a-{key[:8]}"), "(made by hand) goes",
               "scale"),
    "disconnect": (_disconnect, "-back", "replace"),
    "instead": (_take_place, "was made by hand", "replace"),
    "kill": (lambda client, key: client.kill(key), "has ended with exit code 137", "replace"),
    "pause": (lambda client, key: client.pause(key), "somebody paused", "replace"),
    "reconnect": (_reconnect, "-> other", "replace"),
    "remove": (lambda client, key: client.remove_container(key, force=True),
               "slot 1 has no replica", "create"),
    "rename": (lambda client, key: client.rename(key, f"mine-{key[:8]}"), "-> mine-", "replace"),
    "stop": (lambda client, key: client.stop(key, timeout=1), "has ended", "replace"),
}  # fmt: skip
ON_DOCKER: dict[str, tuple[Hand, str, str]] = {
    "cpus": (_update(NanoCpus=700_000_000), "cpus 0.7 -> 0.5", "update"),
    "cpuset": (_update(CpusetCpus="0"), "cpuset not set -> 0", "replace"),
    "memory": (_update(Memory=48 * MEGABYTE), "memory 48m -> 64m", "update"),
    "pids": (_update(PidsLimit=70), "pids 70 -> 60", "update"),
    "reservation": (_update(MemoryReservation=32 * MEGABYTE), "memory_reservation not set ->",
                    "replace"),
    "restart": (_update(RestartPolicy={"Name": "always"}), "restart always ->", "update"),
    "shares": (_update(CpuShares=512), "cpu_shares not set -> 512", "replace"),
    "swap": (_update(Memory=64 * MEGABYTE, MemorySwap=256 * MEGABYTE), "memory_swap", "update"),
}  # fmt: skip
KEPT = {"beside", "cpus", "memory", "pids", "restart", "swap", "kill", "pause", "stop"}

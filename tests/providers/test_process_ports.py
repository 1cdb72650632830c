"""Ports are free, different, reachable and, when they are fixed, ours to take."""

from __future__ import annotations

import socket

import pytest

from agentgit.errors import EngineError
from agentgit.model.container import Port
from agentgit.providers.process import ports
from agentgit.providers.process.ports import allocate_ports, get, list_foreign, reach


def test_free_ports_differ_and_avoid_those_of_others() -> None:
    ports = {f"p{number}": Port(target=80) for number in range(20)}
    found = allocate_ports("here", ports, {})
    assert len(set(found.values())) == 20
    for parity in (0, 1):
        others = dict.fromkeys(range(1024 + parity, 65536, 2), "other")
        found = allocate_ports("here", ports, others)
        assert {port % 2 for port in found.values()} == {1 - parity}


def test_fixed_ports_are_given_first() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    ports = {"a": Port(target=80), "z": Port(target=81, published=number)}
    found = allocate_ports("here", ports, {})
    assert found["z"] == number
    assert found["a"] != number


def test_two_names_for_one_fixed_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    ports = {name: Port(target=80, published=number) for name in ("a", "b")}
    with pytest.raises(EngineError, match="taken"):
        allocate_ports("here", ports, {})


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_taken_port(protocol: str) -> None:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(type=kind) as other:
        other.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            other.listen()
        number = other.getsockname()[1]
        port = Port.model_validate({"target": 80, "published": number, "protocol": protocol})
        with pytest.raises(EngineError, match=f"port {number} .*owner unknown"):
            allocate_ports("here", {"http": port}, {})


@pytest.mark.parametrize(
    ("host_ip", "address"),
    [("127.0.0.1", "127.0.0.1:80"), ("0.0.0.0", "127.0.0.1:80"), ("::1", "[::1]:80")],  # noqa: S104
)
def test_addresses(host_ip: str, address: str) -> None:
    assert reach(Port(target=1, host_ip=host_ip), 80) == address


def test_what_others_listen_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_list_listening", lambda: {22, 8080, 8081, 65535})
    assert list_foreign({9090: "research"}, frozenset({8081})) == {
        22: "another process",
        8080: "another process",
        9090: "research",
        65535: "another process",
    }


def test_listening_sockets_are_seen() -> None:
    with socket.socket() as server, socket.socket() as idle:
        server.bind(("127.0.0.1", 0))
        idle.bind(("127.0.0.1", 0))
        server.listen()
        found = ports._list_listening()
        assert server.getsockname()[1] in found
        assert idle.getsockname()[1] not in found


def test_answer_that_is_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        from threading import Thread

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail\r\n\r\n")

        thread = Thread(target=talk)
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(EngineError, match="does not speak HTTP"):
            get(address, "/", 5.0)
        thread.join()

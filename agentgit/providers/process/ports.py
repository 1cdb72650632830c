"""Ports of process replicas: free ones, fixed ones, and what others listen on."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from agentgit.errors import DefiniteError, EngineError
from agentgit.model.container import Port

_LISTEN = "0A"  # the state of a listening socket in /proc/net/tcp


def allocate_ports(
    host: str, ports: Mapping[str, Port], owners: Mapping[int, str]
) -> dict[str, int]:
    """Find a port for every name. `owners` names who of ours has which port already.

    Raises EngineError where a fixed port is taken. All sockets are held until the last one is
    found, so that no port is given twice.
    """
    found: dict[str, int] = {}
    with ExitStack() as held:
        for name, port in sorted(ports.items(), key=lambda item: item[1].published is None):
            number = port.published
            if number is None:
                number = _find_free(port, owners, held)
            elif refusal := _try_fixed(port, number, owners, held):
                raise DefiniteError(
                    f"{host}: port {number} ({name}) {refusal}",
                    hint=f"end what listens on {number}, publish another port, or leave out "
                    "`published` to get a free one",
                )
            found[name] = number
    return dict(sorted(found.items()))


def reach(port: Port, number: int) -> str:
    """Where a port answers, seen from its host."""
    address = port.host_ip if port.host_ip not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
    return f"[{address}]:{number}" if ":" in address else f"{address}:{number}"


def get(address: str, path: str, timeout: float) -> tuple[int, bytes]:
    """GET a path: status and body."""
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise EngineError(f"what listens on {address} does not speak HTTP: {error!r}") from error
    finally:
        connection.close()


def list_foreign(owners: Mapping[int, str], ours: frozenset[int]) -> dict[int, str]:
    """Ports that others listen on, whoever chose them: none of them can be had."""
    found = dict.fromkeys(_list_listening(), "another process") | dict(owners)
    return {port: owner for port, owner in sorted(found.items()) if port not in ours}


def _find_free(port: Port, owners: Mapping[int, str], held: ExitStack) -> int:
    while True:
        probe = held.enter_context(_open(port))
        probe.bind((_family_address(port), 0))
        number: int = probe.getsockname()[1]
        if number not in owners:
            return number


def _try_fixed(port: Port, number: int, owners: Mapping[int, str], held: ExitStack) -> str:
    """Hold a fixed port; what is in the way, empty when nothing is."""
    if number in owners:
        return f"is taken by {owners[number]}"
    probe = held.enter_context(_open(port))
    try:
        if port.protocol == "tcp":  # what waits for a late packet does not take the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((port.host_ip, number))
        if port.protocol == "tcp":
            probe.listen(1)
    except PermissionError:
        return "may only be used by root"
    except OSError as error:
        return f"is taken, owner unknown ({(error.strerror or str(error)).lower()})"
    return ""


def _open(port: Port) -> socket.socket:
    family = socket.AF_INET6 if ":" in port.host_ip else socket.AF_INET
    return socket.socket(
        family, socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    )


def _family_address(port: Port) -> str:
    return "::1" if ":" in port.host_ip else "127.0.0.1"


def _list_listening() -> set[int]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        path = Path(table)
        if path.exists():
            rows = (line.split() for line in path.read_text("ascii").splitlines()[1:])
            found |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _LISTEN}
    return found

"""HTTP to a replica: at its published address where that is ours to reach, else from inside."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentgit.errors import EngineError
from agentgit.model.observed import Replica
from agentgit.providers.docker.calls import Engine, RefusedError
from agentgit.providers.docker.labels import read_label
from agentgit.providers.docker.output import run_inside

_MARGIN = 5.0  # seconds for the engine around a request made inside the container
_PEER = struct.Struct("3i")  # process, user, group: SO_PEERCRED of Linux
_NOT_RUNNABLE = {126, 127}  # engines differ in which one they give
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")
_PYTHON = """\
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        sys.argv[1], timeout=float(sys.argv[2]))
except urllib.error.HTTPError as error:
    answer = error
print("HTTP/1.1", answer.status, file=sys.stderr)
sys.stdout.buffer.write(answer.read())
"""


def shares_network(endpoint: str) -> bool:
    """Whether the engine's ports are this machine's: its socket is here, and its network ours.

    An engine in a network namespace of its own has ports that are someone else's out here.
    """
    if not endpoint.startswith("unix://"):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_MARGIN)
            connection.connect(endpoint.removeprefix("unix://"))
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        process, _, _ = _PEER.unpack(peer)
        return Path(f"/proc/{process}/ns/net").stat().st_ino == _own_network()
    except PermissionError:
        return True  # another user's engine, as system engines are
    except OSError:
        return False


def _own_network() -> int:
    return Path("/proc/self/ns/net").stat().st_ino


def request_published(address: str, path: str, timeout: float) -> tuple[int, bytes] | None:
    """GET from `host:port`; None when nobody answers there."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def request_inside(
    engine: Engine,
    found: Mapping[str, Any],
    replica: Replica,
    port: str,
    path: str,
    timeout: float,
) -> tuple[int, bytes]:
    """GET from inside the container, with whatever its image has for that. Raises EngineError."""
    ports = json.loads(read_label(found["Config"].get("Labels"), "ports") or "{}")
    if port not in ports:
        raise EngineError(
            f"{replica.name} has no port named {port}",
            hint=f"it has {', '.join(sorted(ports)) or 'none'}",
        )
    url = f"http://127.0.0.1:{ports[port].partition('/')[0]}{path}"
    said = b""
    for command in (
        ["python3", "-c", _PYTHON, url, str(timeout)],
        ["wget", "-q", "-S", "-O", "-", url],
    ):
        try:
            code, body, errors = run_inside(engine, found["Id"], command, timeout + _MARGIN)
        except RefusedError as refused:
            code, body, errors = 127, b"", refused.words.encode()
        statuses = _STATUS.findall(errors)
        if statuses:
            return int(statuses[-1]), body
        said = errors or body
        if code not in _NOT_RUNNABLE:
            break
    reason = said.decode(errors="replace").strip().rpartition("\n")[2]
    raise EngineError(
        f"{engine.host}: GET {url} inside {replica.name} failed: {reason}",
        hint="its image needs python3 or wget for requests to an engine on another machine",
    )

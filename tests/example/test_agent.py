"""The example's agent, started as a process the way its users start it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # real processes, or real waiting

PROGRAM = Path(__file__).parents[2] / "example-repo" / "agents" / "agent" / "agent.py"
DOCUMENT: dict[str, Any] = {
    "agent": "support",
    "instance": "support-eu",
    "revision": "ab12",
    "card": {
        "description": "Answers billing questions",
        "version": "1.4.0",
        "provider": {"organization": "Acme", "url": ""},
        "skills": {"billing": {"name": "Billing", "tags": ["invoice"]}},
    },
    "model": {"provider": "anthropic", "id": "claude-sonnet-4-5"},
    "instructions": {"text": "# Acme support\n\nYou answer."},
    "tools": {
        "crm": {
            "mcpServer": "crm",
            "allowedTools": ["get_invoice", "refund"],
            "requireApproval": ["refund"],
        },
        "nothing": {"mcpServer": "x", "allowedTools": []},
        "handoff": {"agent": "triage"},
    },
}
Ask = Callable[..., tuple[int, Any]]


class Running:
    """An agent that serves on a port of its own."""

    def __init__(self, folder: Path, document: dict[str, Any] | None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = os.environ | {
            "AGENTGIT_PORT_HTTP": str(self.port),
            "AGENT_LISTEN": "127.0.0.1",
        }
        if document is not None:
            path = folder / "agent.json"
            path.write_text(json.dumps(document))
            self.environment["AGENTGIT_CONFIG"] = str(path)
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.out = self.process.stdout
        assert json.loads(self.out.readline())["event"] == "serving"

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        data = body if isinstance(body, str | None) else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, data)
        response = connection.getresponse()
        try:
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(PROGRAM), "--health"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def end(self) -> tuple[int, list[str]]:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        return code, [json.loads(line)["event"] for line in self.out]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start_it(document: dict[str, Any] | None = DOCUMENT, **config: Any) -> Running:
        full = document and document | {"config": config}
        started.append(Running(tmp_path, full))
        return started[-1]

    yield start_it
    for running in started:
        running.process.kill()
        running.process.wait()
        running.out.close()


def test_card_has_what_a2a_requires(start: Callable[..., Running]) -> None:
    running = start()
    status, card = running.ask("/.well-known/agent-card.json")
    assert status == 200
    assert (card["name"], card["version"]) == ("support", "1.4.0")
    assert card["description"] == "Answers billing questions"
    assert card["provider"]["organization"] == "Acme"
    assert card["skills"] == [
        {"id": "billing", "name": "Billing", "description": "", "tags": ["invoice"]}
    ]
    (interface,) = card["supportedInterfaces"]
    assert interface == {
        "url": f"http://127.0.0.1:{running.port}/",
        "protocolBinding": "JSONRPC",
        "protocolVersion": "1.0",
    }
    assert {"capabilities", "defaultInputModes", "defaultOutputModes"} <= card.keys()


def test_card_without_skills_names_the_tools(start: Callable[..., Running]) -> None:
    running = start({"tools": DOCUMENT["tools"]})
    skills = running.ask("/.well-known/agent-card.json")[1]["skills"]
    assert [skill["id"] for skill in skills] == ["crm.get_invoice", "crm.refund", "handoff"]


@pytest.mark.parametrize(
    ("text", "tool", "says"),
    [
        ("Show me the invoice please", "crm.get_invoice", "I would call crm.get_invoice."),
        ("REFUND me!", "crm.refund", "I would call crm.refund, once a person has agreed."),
        ("Hello", None, "No tool is needed for that."),
    ],
)
def test_answers_from_its_configuration(
    start: Callable[..., Running], text: str, tool: str | None, says: str
) -> None:
    running = start()
    first, again = (running.ask("/message", {"text": text}) for _ in range(2))
    assert first == again
    assert first[1] == {
        "text": f"Acme support (claude-sonnet-4-5): {says}",
        "tool": tool,
        "model": "claude-sonnet-4-5",
        "instance": "support-eu",
        "revision": "ab12",
    }


def test_speaks_a2a(start: Callable[..., Running]) -> None:
    message = {"messageId": "1", "role": "ROLE_USER", "parts": [{"text": "refund"}]}
    call = {"jsonrpc": "2.0", "id": 7, "method": "SendMessage", "params": {"message": message}}
    running = start()
    status, answer = running.ask("/", call)
    assert (status, answer["id"], answer["jsonrpc"]) == (200, 7, "2.0")
    reply = answer["result"]["message"]
    assert reply["role"] == "ROLE_AGENT"
    assert "crm.refund" in reply["parts"][0]["text"]
    assert running.ask("/", call | {"method": "GetTask"})[1]["error"]["code"] == -32601


@pytest.mark.parametrize("path", ["/", "/message"])
@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '{"method": "SendMessage"}'])
def test_nonsense_is_refused(start: Callable[..., Running], path: str, body: str) -> None:
    running = start()
    assert running.ask(path, body)[0] == 400
    assert running.ask("/healthz")[0] == 200


def test_unknown_paths(start: Callable[..., Running]) -> None:
    running = start()
    assert running.ask("/nothing")[0] == 404
    assert running.ask("/nothing", {"text": ""})[0] == 404


def test_health_check_succeeds(start: Callable[..., Running]) -> None:
    running = start()
    assert running.ask("/healthz") == (200, {"status": "ok"})
    assert running.check().returncode == 0


def test_a_commit_can_break_it(start: Callable[..., Running]) -> None:
    running = start(simulate={"unhealthy": True})
    assert running.ask("/healthz")[0] == 503
    checked = running.check()
    assert checked.returncode == 1
    assert "503" in checked.stdout
    reason = json.loads(running.out.readline())
    assert reason == {"event": "unhealthy", "reason": "config.simulate.unhealthy is true"}


def test_health_check_of_nobody_fails(start: Callable[..., Running]) -> None:
    running = start()
    running.end()
    assert running.check().returncode == 1


def test_serves_without_any_configuration(start: Callable[..., Running]) -> None:
    running = start(None)
    assert running.ask("/message", {"text": "hi"})[1]["model"] == "no model"
    assert running.ask("/.well-known/agent-card.json")[1]["skills"] == []


def test_ends_with_zero(start: Callable[..., Running]) -> None:
    code, events = start().end()
    assert (code, events) == (0, ["draining", "stopped"])


def test_finishes_what_is_in_flight(start: Callable[..., Running]) -> None:
    running = start(
        simulate={"latency_ms": 3000}
    )  # longer than a busy machine needs to send eight
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(running.ask, "/message", {"text": "refund"}) for _ in range(8)]
        deadline = time.monotonic() + 10
        while running.ask("/inflight")[1]["active"] < 8:
            assert time.monotonic() < deadline
        code, events = running.end()
        assert [answer.result()[0] for answer in answers] == [200] * 8
    assert code == 0
    assert events == ["draining", *["message"] * 8, "stopped"]
    with pytest.raises(ConnectionRefusedError):
        running.ask("/healthz")


def test_loses_no_connection_that_was_accepted(start: Callable[..., Running]) -> None:
    running = start(simulate={"latency_ms": 50})
    os.kill(running.process.pid, signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", running.port), 10) for _ in range(20)]
    for one in waiting:
        one.sendall(b'POST /message HTTP/1.0\r\nContent-Length: 14\r\n\r\n{"text": "hi"}')
    running.process.send_signal(signal.SIGTERM)
    os.kill(running.process.pid, signal.SIGCONT)
    for one in waiting:
        with one, one.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.0 200")
    assert running.process.wait(15) == 0

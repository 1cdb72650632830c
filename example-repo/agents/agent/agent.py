"""Acme's agent: answers over HTTP from the configuration that agentgit compiled for it.

The same program is support, research and triage; what makes them different is `agent.json`. It answers without a
language model, so that it runs anywhere: it picks the tool that fits the message and says what it would do. Needs
nothing but Python's standard library. `agent.py` serves, `agent.py --health` asks the one that serves.

    GET  /healthz                        200, or 503 while it must not be used
    GET  /.well-known/agent-card.json    what it is (A2A 1.0)
    GET  /inflight                       {"active": n}: messages being answered right now
    POST /message                        {"text": "..."} -> {"text": "...", "model": ..., ...}
    POST /                               the same as JSON-RPC: SendMessage of A2A 1.0
"""

import json
import os
import re
import select
import signal
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(os.environ.get("AGENTGIT_PORT_HTTP", "8080"))
ADDRESS = os.environ.get("AGENT_LISTEN", "0.0.0.0")
GRACE = 9.0  # seconds to finish what is in flight; the engine kills after container.stop_grace_period
LARGEST = 1_000_000  # bytes of a request


class Agent:
    """The configuration, and what is going on."""

    def __init__(self, document: dict) -> None:
        self.document = document
        self.name = document.get("agent") or document.get("name") or "agent"
        self.config = document.get("config") or {}
        self.simulate = self.config.get("simulate") or {}
        self.active = 0
        self.draining = False
        self.lock = threading.Lock()

    def trouble(self) -> str:
        """Why it must not be used, empty when it may."""
        if self.draining:
            return "draining"
        return "config.simulate.unhealthy is true" if self.simulate.get("unhealthy") else ""

    def card(self, url: str) -> dict:
        card = self.document.get("card") or {}
        told = card.get("skills") or {}
        skills = [{"description": "", "tags": [], **told[key], "id": key} for key in told]
        usable = [{"id": key, "name": key, "description": f"Uses {key}", "tags": [key]} for key in self.tools()]
        return {
            "name": self.name,
            "description": card.get("description", ""),
            "version": card.get("version") or "0",
            **{key: card[key] for key in ("provider", "documentationUrl") if card.get(key)},
            "supportedInterfaces": [{"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
            "capabilities": {"streaming": False, "pushNotifications": False},
            "defaultInputModes": card.get("defaultInputModes") or ["text/plain"],
            "defaultOutputModes": card.get("defaultOutputModes") or ["text/plain"],
            "skills": skills or usable,
        }

    def tools(self) -> dict:
        """What may be called, by its full name: `crm.refund`, or the tool alone where nothing narrows it."""
        found = {}
        for name, tool in (self.document.get("tools") or {}).items():
            for one in tool.get("allowedTools", [""]):
                found[f"{name}.{one}" if one else name] = one in (tool.get("requireApproval") or [])
        return found

    def answer(self, text: str) -> dict:
        """Answer a message, the same way every time."""
        words = set(re.findall(r"[a-z0-9]+", text.lower()))
        fitting = [(-len(words & set(re.split(r"[._-]", name))), name) for name in self.tools()]
        score, tool = min(fitting, default=(0, ""))
        model = (self.document.get("model") or {}).get("id", "no model")
        instructions = ((self.document.get("instructions") or {}).get("text") or "").strip()
        title = instructions.partition("\n")[0].lstrip("# ") or self.name
        if not score:
            tool, step = None, "No tool is needed for that."
        elif self.tools()[tool]:
            step = f"I would call {tool}, once a person has agreed."
        else:
            step = f"I would call {tool}."
        return {
            "text": f"{title} ({model}): {step}",
            "tool": tool,
            "model": model,
            "instance": self.document.get("instance", ""),
            "revision": self.document.get("revision", ""),
        }


class Handler(BaseHTTPRequestHandler):
    """One request; a connection is closed after its answer."""

    agent: Agent
    timeout = 10  # seconds that a silent client may hold a connection

    def do_GET(self) -> None:
        if self.path == "/healthz":
            trouble = self.agent.trouble()
            self.reply(503 if trouble else 200, {"status": trouble or "ok"})
        elif self.path == "/.well-known/agent-card.json":
            self.reply(200, self.agent.card(f"http://{self.headers.get('Host', f'127.0.0.1:{PORT}')}/"))
        elif self.path == "/inflight":
            self.reply(200, {"active": self.agent.active})
        else:
            self.reply(404, {"error": "there is nothing here"})

    def do_POST(self) -> None:
        with self.agent.lock:
            self.agent.active += 1
        try:
            began = time.monotonic()
            status, document = self.receive()
            self.reply(status, document)
            log("message", path=self.path, status=status, ms=round(1000 * (time.monotonic() - began)))
        finally:
            with self.agent.lock:
                self.agent.active -= 1

    def receive(self) -> tuple:
        """Status and answer to what was posted."""
        try:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(max(0, min(length, LARGEST))))
            if self.path == "/message":
                return 200, self.think(str(body["text"]))
            if self.path == "/" and body["method"] != "SendMessage":
                return 200, rpc(body, error={"code": -32601, "message": "Method not found"})
            if self.path == "/":
                text = " ".join(part.get("text", "") for part in body["params"]["message"]["parts"])
                parts = [{"text": self.think(text)["text"]}]
                name = f"{self.agent.name}-{time.time_ns()}"
                return 200, rpc(body, result={"message": {"messageId": name, "role": "ROLE_AGENT", "parts": parts}})
        except (ValueError, LookupError, TypeError, AttributeError):
            return 400, {"error": 'send {"text": "..."} to /message, or SendMessage of A2A 1.0 to /'}
        return 404, {"error": "there is nothing here"}

    def think(self, text: str) -> dict:
        time.sleep(self.agent.simulate.get("latency_ms", 0) / 1000)  # where a real agent waits for its model
        return self.agent.answer(text)

    def reply(self, status: int, document: dict) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Events are logged where they happen; health checks are none."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # closing waits for the answers in flight
    timeout = 0

    def drain(self) -> None:
        """Take in who has already connected, refuse the others, finish all answers."""
        while select.select([self], [], [], 0)[0]:
            self.handle_request()
        self.server_close()


def rpc(body: dict, **outcome: object) -> dict:
    return {"jsonrpc": "2.0", "id": body.get("id"), **outcome}


def log(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def check() -> int:
    """The health check: the exit code is what counts, the line is what people read."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=2) as response:
            print(response.read().decode())
            return 0
    except OSError as error:  # an answer of 503 is one as well
        print(f"GET /healthz: {error}")
        return 1


def serve() -> int:
    """Serve until SIGTERM, then finish and end with 0."""
    path = os.environ.get("AGENTGIT_CONFIG")
    with open(path or os.devnull, encoding="utf-8") as file:
        agent = Handler.agent = Agent(json.loads(file.read() or "{}"))
    server, trouble = Server((ADDRESS, PORT), Handler), agent.trouble()

    def stop(*_: object) -> None:
        agent.draining = True
        log("draining", active=agent.active)
        threading.Thread(target=server.shutdown).start()  # it waits for serve_forever, which runs right here

    signal.signal(signal.SIGTERM, stop)
    log("serving", agent=agent.name, instance=agent.document.get("instance"), address=f"{ADDRESS}:{PORT}")
    if trouble:
        log("unhealthy", reason=trouble)
    server.serve_forever(poll_interval=0.05)
    killer = threading.Timer(GRACE, os._exit, [1])
    killer.daemon = True
    killer.start()
    server.drain()
    log("stopped", active=agent.active)
    return 0


if __name__ == "__main__":
    sys.exit(check() if "--health" in sys.argv[1:] else serve())

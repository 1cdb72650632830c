"""A little agent for conformance tests: shows its configuration, serves, crashes as told.

`PROGRAM` is Python for the standard library alone. It listens on `AGENTGIT_PORT_HTTP`, answers
`/config` with the file named by `AGENTGIT_CONFIG`, and `/healthz` by the variable `BEHAVIOUR`.
"""

from __future__ import annotations

from typing import Literal

Behaviour = Literal["healthy", "unhealthy", "crashing", "stubborn", "unstartable"]

PROGRAM = """\
import http.server, os, signal, sys

behaviour = os.environ.get("BEHAVIOUR", "healthy")
with open(os.environ["AGENTGIT_CONFIG"], "rb") as file:
    document = file.read()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path in ("/config", "/healthz")
        status = 404 if not found else 503 if behaviour == "unhealthy" else 200
        body = document if self.path == "/config" else b"%d" % status
        self.send_response(200 if self.path == "/config" else status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def end(*arguments):
    print("agent ends", flush=True)
    os._exit(0)


print("agent starts", flush=True)
if behaviour == "crashing":
    print("cannot go on", file=sys.stderr, flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "stubborn" else end)
server = http.server.ThreadingHTTPServer(("", int(os.environ["AGENTGIT_PORT_HTTP"])), Answer)
print("agent serves", flush=True)
server.serve_forever()
"""

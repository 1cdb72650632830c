"""A small repository as text, and what the compile tests ask of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import pytest

from agentgit.model.snapshot import Entry, Snapshot

Files = Mapping[str, str | bytes]
MakeSnapshot = Callable[..., Snapshot]

BASIC: dict[str, str | bytes] = {
    "agentgit.yaml": """\
apiVersion: agentgit.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec:
  id: 0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11
  ledger: {remote: origin}
""",
    "global/defaults.yaml": """\
kind: AgentDefaults
metadata: {name: defaults}
spec:
  model: {provider: anthropic, id: large, params: {temperature: 0.7, top_p: 1}}
  scale: {replicas: 1}
""",
    "global/agents/support.yaml": """\
kind: Agent
metadata: {name: support, labels: {team: cx, risk: high}}
spec:
  card:
    description: Answers billing questions
    version: 1.4.0
    skills: {billing: {name: Billing, tags: [billing, refunds]}}
  model: {params: {temperature: 0.2}}
  instructions: {file: ../prompts/support.md}
  tools: {crm: {mcpServer: crm, allowedTools: [get_invoice, refund]}}
  config: {language: en, escalation: {after_turns: 6}}
  container:
    image: ghcr.io/acme/support:1.4.0
    command: [serve, --port, "8080"]
    environment: {LOG_LEVEL: info}
    ports: {http: {target: 8080}}
    healthcheck:
      test: [CMD-SHELL, "wget -qO- http://127.0.0.1:8080/healthz"]
      interval: 5s
      timeout: 2s
    deploy: {resources: {limits: {cpus: "1", memory: 512m}}}
  process: {source: ../../agents/support, command: [python3, agent.py]}
  rollout: careful
""",
    "global/rollouts.yaml": """\
kind: Rollout
metadata: {name: careful}
spec:
  strategy: canary
  steps: [{setWeight: 10}, {pause: {duration: 2m}}]
  minHealthyTime: 10s
""",
    "global/prompts/support.md": "Be kind.\nBe brief.\n",
    "agents/support/agent.py": "print('hello')\n",
    "environments/production/environment.yaml": """\
kind: Environment
metadata: {name: production}
spec:
  source: {branch: main}
  hosts: {local: {engine: auto}}
""",
    "environments/production/agents/support.yaml": """\
kind: Agent
metadata: {name: support, labels: {risk: low}}
spec:
  container: {environment: {LOG_LEVEL: warning, REGION: eu}}
""",
    "environments/production/instances/support-eu.yaml": """\
kind: Instance
metadata: {name: support-eu, labels: {region: eu}}
spec:
  agent: support
  scale: {replicas: 3}
  model: {params: {temperature: 0.1}}
""",
}


def snapshot_of(files: Files, modes: Mapping[str, str] | None = None) -> Snapshot:
    contents = {
        path: text.encode() if isinstance(text, str) else text for path, text in files.items()
    }
    entries = {
        path: Entry((modes or {}).get(path, "100644"), hashlib.sha1(data).hexdigest())  # noqa: S324 -- a blob id
        for path, data in contents.items()
    }
    return Snapshot(None, entries, contents.__getitem__)


@pytest.fixture(scope="session")
def basic() -> dict[str, str | bytes]:
    return dict(BASIC)


@pytest.fixture(scope="session")
def make_snapshot() -> MakeSnapshot:
    """Make a snapshot of the small repository with some files changed; None leaves one out."""

    def make(
        changes: Mapping[str, str | bytes | None] | None = None,
        modes: Mapping[str, str] | None = None,
    ) -> Snapshot:
        files = {**BASIC, **(changes or {})}
        return snapshot_of({k: v for k, v in files.items() if v is not None}, modes)

    return make

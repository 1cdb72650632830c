"""A synthetic fleet in a real Git repository: 3 global files, 12 environments, N instances."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

STAGES = ("dev", "staging", "prod")
REGIONS = ("us-east", "us-west", "eu-west", "ap-south")
ENVIRONMENTS = tuple(f"{stage}-{region}" for stage in STAGES for region in REGIONS)
ROLES = ("support", "triage", "billing", "research", "coder", "reviewer")
TIERS = ("gold", "silver", "bronze")
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.com",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
_PROJECT = """\
apiVersion: agentgit.dev/v1alpha1
kind: Project
metadata: {name: bench}
spec:
  id: 0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11
"""
_DEFAULTS = """\
# Applies to every agent.
kind: AgentDefaults
metadata: {name: defaults}
spec:
  model:
    provider: anthropic
    id: claude-base
    params: {temperature: 0.2, max_tokens: 4096}
  container:
    environment:
      LOG_LEVEL: info
      TZ: UTC
      OTEL_ENDPOINT: http://otel:4317
    volumes:
      - source: tmp
        target: /tmp
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8080/health"]
      interval: 30s
      retries: 3
    read_only: true
    cap_drop: [ALL]
    security_opt: [no-new-privileges]
    networks: [backend]
    restart: unless-stopped
    deploy: {resources: {limits: {cpus: 0.25, memory: 256m}}}
  scale: {replicas: 1}
"""
_AGENT = """\
# The one kind of agent of this fleet.
kind: Agent
metadata:
  name: worker
  labels: {managed-by: agentgit, cost-centre: platform}
spec:
  card:
    description: Works for one tenant
    version: 1.0.0
    skills:
      - {id: answer, name: Answer, description: Answers a question, tags: [questions]}
  instructions: {file: ../prompts/worker.md}
  tools: {crm: {mcpServer: crm, allowedTools: [get_invoice, refund]}}
  container: {image: "registry.example.com/agents/base:1.0.0"}
  rollout: careful
"""
_ROLLOUTS = """\
kind: Rollout
metadata: {name: careful}
spec: {strategy: rolling, minHealthyTime: 10s}
"""


def write_fleet(folder: Path, count: int) -> None:
    """Write the files of a fleet of `count` instances and commit them."""
    _write(folder / "agentgit.yaml", _PROJECT)
    _write(folder / "global/defaults.yaml", _DEFAULTS)
    _write(folder / "global/agents/worker.yaml", _AGENT)
    _write(folder / "global/rollouts.yaml", _ROLLOUTS)
    _write(folder / "global/prompts/worker.md", "Answer briefly.\nNever guess.\n")
    for number, environment in enumerate(ENVIRONMENTS):
        below = folder / "environments" / environment
        _write(below / "environment.yaml", _environment(environment))
        _write(below / "defaults.yaml", _environment_defaults(number, environment))
    for number in range(count):
        environment = ENVIRONMENTS[number % len(ENVIRONMENTS)]
        name = f"agent-{number:05d}"
        path = folder / "environments" / environment / "instances" / f"{name}.yaml"
        _write(path, instance(number, name))
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "gc.auto", "0"),
        ("add", "--all"),
        ("-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "The fleet"),
        ("gc", "--quiet"),
    ):
        run_git(folder, *command)


def run_git(folder: Path, *arguments: str) -> None:
    """Run git in the repository of the fleet."""
    subprocess.run(["git", *arguments], cwd=folder, env=os.environ | _IDENTITY, check=True)


def layers_of() -> tuple[Any, Any, dict[str, Any]]:
    """Give the specs of the shared layers: defaults, agent, and those of each environment."""
    return (
        spec_of(_DEFAULTS),
        spec_of(_AGENT),
        {
            name: spec_of(_environment_defaults(number, name))
            for number, name in enumerate(ENVIRONMENTS)
        },
    )


def spec_of(text: str) -> Any:
    """Read the spec of a document, for tools that read other files."""
    spec = YAML(typ="safe", pure=True).load(text)["spec"]
    spec.pop("agent", None)
    return spec


def instance(number: int, name: str) -> str:
    """Write one instance: 24 lines with two keyed lists."""
    role = ROLES[number % len(ROLES)]
    return f"""\
# {role} agent for tenant {number:05d}
kind: Instance
metadata:
  name: {name}
  labels: {{team: team-{number % 40}, tier: {TIERS[number % 3]}}}
spec:
  agent: worker
  model:
    id: claude-{role}
    params: {{max_tokens: {1024 * (1 + number % 8)}}}
  container:
    image: registry.example.com/agents/{role}:1.{number % 9}.{number % 5}
    environment:
      TENANT: tenant-{number:05d}
      QUEUE: "jobs-{number % 97}"
      FEATURE_X: "{"true" if number % 3 else "false"}"
    ports:
      - name: http
        target: 8080
        published: {20000 + number}
    volumes:
      - source: data-{number:05d}
        target: /data
    deploy: {{resources: {{limits: {{cpus: {0.25 * (1 + number % 6)}}}}}}}
"""


def _environment(name: str) -> str:
    return f"""\
kind: Environment
metadata: {{name: {name}}}
spec:
  source: {{branch: main}}
  hosts: {{local: {{engine: auto}}}}
"""


def _environment_defaults(number: int, name: str) -> str:
    stage, _, region = name.partition("-")
    return f"""\
kind: AgentDefaults
metadata: {{name: defaults}}
spec:
  model: {{params: {{temperature: {0.1 * (number % 5):.1f}}}}}
  container:
    environment:
      REGION: {region}
      STAGE: {stage}
      LOG_LEVEL: {"debug" if stage == "dev" else "info"}
    volumes:
      - source: cache-{name}
        target: /var/cache/agent
    deploy: {{resources: {{limits: {{memory: {256 * (1 + number % 4)}m}}}}}}
"""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

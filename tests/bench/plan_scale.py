"""A plan of N replicas on imaginary hosts: seconds of the processor, and memory.

Each size is measured in a process of its own: `python plan_scale.py N` prints one line of JSON.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HOSTS = 10
REPLICAS = 2  # of each instance
PROJECT = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"
FILES = {
    "agentgit.yaml": f"""\
apiVersion: agentgit.dev/v1alpha1
kind: Project
metadata: {{name: bench}}
spec: {{id: {PROJECT}}}
""",
    "global/agents/worker.yaml": f"""\
kind: Agent
metadata: {{name: worker}}
spec:
  model: {{provider: anthropic, id: claude-base, params: {{temperature: 0.2}}}}
  instructions: {{file: ../prompts/worker.md}}
  container:
    image: "registry.example.com/agents/worker:1.0.0"
    environment: {{LOG_LEVEL: info, TZ: UTC}}
    healthcheck: {{test: [CMD, check], interval: 5s, start_period: 5s}}
    ports: {{http: {{target: 8080}}, admin: {{target: 8081}}}}
    volumes: {{/data: {{name: data}}}}
    deploy: {{resources: {{limits: {{memory: 256m}}}}}}
  scale: {{replicas: {REPLICAS}}}
""",
    "environments/prod/environment.yaml": f"""\
kind: Environment
metadata: {{name: prod}}
spec: {{hosts: {{{", ".join(f"h{n:02d}: {{engine: docker}}" for n in range(HOSTS))}}}}}
""",
}
WORK = ("plan, no change", "plan, all change", "as text", "as Markdown", "as JSON", "rehearsal")


def report_growth(sizes: list[int]) -> None:
    """Print a table of every size, and how each row grows: 1.0 is in step with the fleet."""
    rows: dict[str, list[float]] = {name: [] for name in (*WORK, "memory, MB")}
    for size in sizes:
        done = subprocess.run([sys.executable, __file__, str(size)], capture_output=True,
                              text=True, check=True)  # fmt: skip
        for name, value in json.loads(done.stdout).items():
            rows[name].append(value)
    print(f"\nimaginary hosts: {HOSTS}, {REPLICAS} replicas an instance, seconds of the processor")
    print(
        f"{'replicas':20}" + "".join(f"{size:>10}" for size in sizes) + "    grows as size to the"
    )
    for name, values in rows.items():
        power = math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])
        shown = "".join(f"{value:10.0f}" if "MB" in name else f"{value:10.3f}" for value in values)
        print(f"{name:20}{shown}    {power:.2f}")


def measure(size: int) -> dict[str, float]:
    """Measure one size in this process: a fleet that runs, planned as it is and all changed."""
    from agentgit.model.observed import Observed
    from agentgit.plan.build import build_plan
    from agentgit.plan.request import NoEvidence, PlanRequest
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_plan import plan_document
    from agentgit.report.plan_markdown import write_plan_comment
    from agentgit.report.plan_text import write_plan
    from agentgit.workflow.rehearse import rehearse

    desired, changed = _compile(size, "Answer briefly.\n"), _compile(size, "Answer at length.\n")
    observed = _run(desired)
    request = PlanRequest(allow=frozenset({"replaced"}))
    found: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = work()
        found[name] = time.process_time() - began
        return result

    def plan(wanted: Any) -> Any:
        fresh = Observed(environment=observed.environment, hosts=observed.hosts)
        return build_plan(wanted, fresh, request, NoEvidence())

    if not timed(WORK[0], lambda: plan(desired)).is_empty:
        raise SystemExit("a plan of what runs is not empty")
    found["memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    full = timed(WORK[1], lambda: plan(changed))
    when = datetime.now(UTC)
    timed(WORK[2], lambda: write_plan(full, now=when))
    timed(WORK[3], lambda: write_plan_comment(full, now=when))
    timed(WORK[4], lambda: dump(plan_document(full)))
    if timed(WORK[5], lambda: rehearse(full, changed, observed)).failure:
        raise SystemExit("the rehearsal failed")
    return found


def _compile(size: int, prompt: str) -> Any:
    from agentgit.compile.build import compile_environment
    from agentgit.model.snapshot import Entry, Snapshot

    files = {path: text.encode() for path, text in FILES.items()}
    files["global/prompts/worker.md"] = prompt.encode()
    for number in range(size // REPLICAS):
        name = f"agent-{number:05d}"
        files[f"environments/prod/instances/{name}.yaml"] = (
            f"kind: Instance\nmetadata: {{name: {name}}}\nspec:\n  agent: worker\n"
            f"  config: {{tenant: t{number}}}\n"
        ).encode()
    found = Snapshot(None, {path: Entry("100644", path) for path in files}, files.__getitem__)
    return compile_environment(found, "prod")


def _run(desired: Any) -> Any:
    """Let everything run that is asked for, on hosts that say they are Docker."""
    from agentgit.model.observed import HostState, Observed
    from agentgit.model.steps import CreateReplica, EnsureNetwork, Stamp, StartReplica
    from agentgit.plan.build import build_plan
    from agentgit.plan.request import NoEvidence, PlanRequest
    from agentgit.providers.memory import MemoryProvider

    hosts = {host: MemoryProvider(host, PROJECT) for host in desired.hosts}
    nothing = Observed(
        environment="prod",
        hosts=tuple(HostState(host=host, engine="docker") for host in sorted(hosts)),
    )
    plan = build_plan(desired, nothing, PlanRequest(), NoEvidence())
    stamp = Stamp(rollout="bench", fence=1)
    moves = [move.prepare for move in plan.moves]
    for step in (*plan.prepare, *(step for steps in moves for step in steps)):
        if isinstance(step, CreateReplica | StartReplica | EnsureNetwork):
            hosts[step.host].perform(step, stamp)
    states = (hosts[host].observe("prod") for host in sorted(hosts))
    return nothing.model_copy(
        update={"hosts": tuple(one.model_copy(update={"engine": "docker"}) for one in states)}
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    print(json.dumps(measure(int(sys.argv[1]))))

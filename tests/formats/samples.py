"""Values in which every field says something, to be written down once for a release."""

from __future__ import annotations

from typing import Any

from agentgit.model.events import (
    Event,
    GoingBack,
    HoldDone,
    HoldStarted,
    InstanceGivenUp,
    LeaseAwaited,
    MoveUndone,
    PrepareDone,
    RolloutFinished,
    RolloutStarted,
    StepDone,
    StepFailed,
    StepRetried,
    StepStarted,
    Superseded,
    WaveDone,
    WaveStarted,
)
from agentgit.model.rollout import Failure

_STEP: dict[str, Any] = {"instance": "support", "host": "host-1", "step": "ensure-replica",
                         "target": "acme-1"}  # fmt: skip
EVENTS: tuple[Event, ...] = (
    LeaseAwaited(environment="production", hosts=("host-1",), seconds=15.0, holder="Ben",
                 asked=True, patience=60.0),
    RolloutStarted(rollout="20261120-081530-7f3a", environment="production", commit="5f" * 20,
                   waves=1, moves=2),
    PrepareDone(steps=3),
    WaveStarted(number=1, of=1, title="create", moves=2),
    StepStarted(**_STEP),
    StepRetried(**_STEP, attempt=1, wait=0.5, message="no answer"),
    StepDone(**_STEP, seconds=1.5),
    StepFailed(failure=Failure(instance="support", step="await-healthy", message="unhealthy",
                               fault="revision")),
    InstanceGivenUp(instance="support", failed=1, tolerated=2),
    MoveUndone(instance="support", host="host-1", slot=1),
    HoldStarted(seconds=120.0),
    HoldDone(),
    Superseded(commit="6a" * 20, actor="Ben", newer=True),
    WaveDone(number=1),
    GoingBack(instances=("support",), to=("6a" * 20,)),
    RolloutFinished(rollout="20261120-081530-7f3a", outcome="partial", seconds=9.5),
)  # fmt: skip

SPECS: tuple[dict[str, Any], ...] = (
    {},
    {"container": {"image": "acme/support:1"}},
    {"instructions": {"text": "Be kind.\n"}},
    {"config": {"language": "de", "deep": {"list": [1, 2.5, None, True], "é": ""}}},
    {"model": {"provider": "openai", "id": "small", "params": {"temperature": 0.2}}},
    {"model": {"provider": "x", "id": "large",
               "fallback": {"models": ["small"], "retries": 2, "cooldown": "30s"}}},
    {"tools": {"crm": {"mcpServer": "crm", "allowedTools": ["a", "b"], "requireApproval": ["b"]},
               "boss": {"agent": "boss"}}},
    {"card": {"description": "Answers", "version": "1.4.0",
              "skills": {"billing": {"name": "Billing", "description": "x", "tags": ["y"]}}}},
    {"process": {"source": "agents/support", "command": ["python3", "agent.py"]}},
    {"scale": {"replicas": 9}, "rollout": {"strategy": "recreate"}},
)  # fmt: skip

INSPECTED: dict[str, Any] = {
    "Id": "f3" * 32, "Name": "/acme-1", "Image": "sha256:8b",
    "Config": {
        "Hostname": "f3f3f3f3f3f3", "User": "1000", "Env": ["TOKEN=secret", "LEVEL=info"],
        "Cmd": ["serve"], "Entrypoint": ["/sbin/agent"], "WorkingDir": "/app",
        "StopSignal": "SIGINT", "StopTimeout": 2, "Healthcheck": {"Test": ["CMD", "true"]},
    },
    "HostConfig": {
        "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}]},
        "ReadonlyRootfs": True, "Privileged": True, "Init": True, "CapAdd": ["KILL"],
        "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
        "Tmpfs": {"/run": "size=1m"},
        "MemorySwap": 134217728, "MemoryReservation": 1048576, "CpuShares": 512,
        "CpusetCpus": "0", "CpusetMems": "0", "BlkioWeight": 300, "CpuQuota": 50000,
        "CpuPeriod": 100000,
    },
    "Mounts": [{"Type": "volume", "Name": "data", "Destination": "/data", "RW": True}],
    "NetworkSettings": {"Networks": {"front": {"Aliases": ["desk", "f3f3f3f3f3f3"]}}},
}  # fmt: skip

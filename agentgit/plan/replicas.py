"""From a desired instance to the specification of one replica."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import HostState
from agentgit.model.steps import ReplicaSpec
from agentgit.model.value import Json
from agentgit.plan.naming import name_network, name_volume
from agentgit.plan.placement import revision_on

CONFIG_PATH = "/run/agentgit/agent.json"
DEFAULT_NETWORK = "default"


def specify_replica(
    desired: Desired, instance: Instance, host: HostState, slot: int, name: str, image_id: str = ""
) -> ReplicaSpec:
    """Give everything a provider needs to create the replica."""
    spec = instance.spec
    process = host.engine == "process"
    volumes = spec.container.volumes if spec.container else {}
    return ReplicaSpec(
        name=name,
        project_id=desired.project.id,
        project=desired.project.name,
        environment=desired.environment,
        agent=instance.agent,
        instance=instance.name,
        slot=slot,
        revision=revision_on(instance, host),
        commit=find_commit(desired, instance),
        container=spec.container,
        process=spec.process if process else None,
        source=instance.source_digest if process else "",
        image_id=image_id,
        volumes={
            path: name_volume(desired, instance.name, volume, slot)
            for path, volume in sorted(volumes.items())
        },
        networks={} if process else find_networks(desired, instance),
        variables=_variables(desired, instance, host, slot, name),
        document=compile_document(desired, instance, host),
    )


def find_commit(desired: Desired, instance: Instance) -> str:
    """Give the commit that an instance is taken from."""
    return instance.commit or (desired.commit.sha if desired.commit else "")


def find_networks(desired: Desired, instance: Instance) -> dict[str, str]:
    """Map the networks an instance is in to their real names; `default` when it names none."""
    container = instance.spec.container
    keys = sorted(container.networks) if container else []
    return {key: name_network(desired, key) for key in keys or [DEFAULT_NETWORK]}


def compile_document(desired: Desired, instance: Instance, host: HostState) -> Mapping[str, Json]:
    """Give the agent's own view of its configuration, which it reads as `agent.json`."""
    blocks = instance.spec.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        include={"card", "model", "instructions", "tools", "knowledge", "config"},
    )
    (blocks.get("instructions") or {}).pop("file", None)  # its bytes count, not its name
    for block in (blocks.get("model") or {}, *blocks["knowledge"].values()):
        block.pop("ref", None)  # what the catalog says of it is there
    if not blocks["knowledge"]:
        del blocks["knowledge"]
    return {
        "apiVersion": "agentgit.dev/v1alpha1",
        "kind": "AgentConfig",
        "project": desired.project.name,
        "environment": desired.environment,
        "agent": instance.agent,
        "instance": instance.name,
        "revision": revision_on(instance, host),
        **blocks,
    }


def _variables(
    desired: Desired, instance: Instance, host: HostState, slot: int, name: str
) -> dict[str, str]:
    revision = revision_on(instance, host)
    commit = find_commit(desired, instance)
    resource = {
        "service.name": instance.name,
        "service.version": revision[:12],
        "service.instance.id": name,
        "deployment.environment.name": desired.environment,
        "vcs.ref.head.revision": commit,
    }
    variables = {
        "AGENTGIT_PROJECT": desired.project.name,
        "AGENTGIT_ENVIRONMENT": desired.environment,
        "AGENTGIT_AGENT": instance.agent,
        "AGENTGIT_INSTANCE": instance.name,
        "AGENTGIT_SLOT": str(slot),
        "AGENTGIT_REVISION": revision,
        "AGENTGIT_COMMIT": commit,
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{k}={v}" for k, v in resource.items()),
    }
    if host.engine != "process":
        variables["AGENTGIT_CONFIG"] = CONFIG_PATH
        ports = instance.spec.container.ports if instance.spec.container else {}
        for port, use in sorted(ports.items()):
            variables[f"AGENTGIT_PORT_{port.upper().replace('-', '_')}"] = str(use.target)
    return variables

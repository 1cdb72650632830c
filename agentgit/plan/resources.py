"""What replicas need around them: images, networks, volumes, sources; and what is left over."""

from __future__ import annotations

from agentgit.model.desired import Desired
from agentgit.model.observed import Observed
from agentgit.model.plan import Wave
from agentgit.model.steps import (
    CreateReplica,
    EnsureImage,
    EnsureNetwork,
    EnsureVolume,
    ExportSource,
    RemoveLeftover,
    Step,
)
from agentgit.plan.naming import label_shared
from agentgit.plan.replicas import find_networks


def plan_prepare(
    desired: Desired, observed: Observed, waves: tuple[Wave, ...]
) -> tuple[Step, ...]:
    """Have everything that the new replicas need before the first running one is touched."""
    engines = {state.host: state.engine for state in observed.hosts}
    labels = label_shared(desired)
    steps: dict[tuple[str, ...], Step] = {}
    for create in _creates(waves):
        host, replica = create.host, create.replica
        if engines[host] == "process" and replica.process is not None:
            steps[host, "1source", replica.source] = ExportSource(
                host=host,
                commit=replica.commit,
                path=replica.process.source,
                source=replica.source,
            )
        elif replica.container is not None:
            image, id_ = replica.container.image, replica.image_id
            steps[host, "1image", image, id_] = EnsureImage(host=host, image=image, id=id_)
        for network in replica.networks.values():
            steps[host, "2network", network] = EnsureNetwork(
                host=host, network=network, labels=labels
            )
        for volume in replica.volumes.values():
            steps[host, "3volume", volume] = EnsureVolume(host=host, volume=volume, labels=labels)
    return tuple(steps[key] for key in sorted(steps))


def plan_cleanup(desired: Desired, observed: Observed) -> tuple[Step, ...]:
    """Remove networks that nothing needs and what an interrupted rollout left behind."""
    needed = {
        network
        for instance in desired.instances
        for network in find_networks(desired, instance).values()
    }
    steps: list[Step] = []
    for state in observed.hosts:
        steps += [
            RemoveLeftover(host=state.host, what="network", id="", name=name)
            for name in state.networks
            if name not in needed
        ]
        steps += [
            RemoveLeftover(host=state.host, what=left.kind, id=left.id, name=left.name)
            for left in state.leftovers
            if left.kind != "network"
        ]
    return tuple(steps)


def _creates(waves: tuple[Wave, ...]) -> list[CreateReplica]:
    return [
        step
        for wave in waves
        for move in wave.moves
        for step in move.steps
        if isinstance(step, CreateReplica)
    ]

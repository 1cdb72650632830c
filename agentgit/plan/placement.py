"""Which host carries which slot. A slot stays where its replica lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from agentgit.errors import ConfigError, Location
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import HostState, Observed


def _runs_on(instance: Instance, state: HostState) -> bool:
    """Whether the instance says how it runs on an engine of that kind."""
    block = instance.spec.process if state.engine == "process" else instance.spec.container
    return block is not None


def revision_on(instance: Instance, state: HostState) -> str:
    """Give the revision that counts on an engine of that kind."""
    return instance.process_revision if state.engine == "process" else instance.revision


def find_hosts(desired: Desired, observed: Observed, instance: Instance) -> tuple[HostState, ...]:
    """Find the hosts that may carry the instance, in order of name.

    Raises ConfigError when there is none.
    """
    wanted = instance.spec.placement.match_labels
    matching = [
        state
        for state in observed.hosts
        if wanted.items() <= dict(desired.hosts[state.host].labels).items()
    ]
    able = tuple(state for state in matching if _runs_on(instance, state))
    if not able:
        raise _nowhere(instance, matching, wanted)
    return able


def place_slots(
    hosts: tuple[HostState, ...], held: Mapping[int, str], replicas: int, load: Counter[str]
) -> dict[int, str]:
    """Choose a host for slots 1 to `replicas`; `held` says where a slot lives now.

    A new slot goes where the fewest slots of this instance are, then where the fewest replicas
    are at all (`load`, which is counted up), then by name.
    """
    names = [state.host for state in hosts]
    placed = {slot: held[slot] for slot in range(1, replicas + 1) if held.get(slot) in names}
    mine = Counter(placed.values())
    for slot in range(1, replicas + 1):
        if slot not in placed:
            host = min(names, key=lambda name: (mine[name], load[name], name))
            placed[slot] = host
            mine[host] += 1
            load[host] += 1
    return placed


def _nowhere(
    instance: Instance, matching: list[HostState], wanted: Mapping[str, str]
) -> ConfigError:
    where = Location(instance.path)
    if not matching:
        labels = ", ".join(f"{key}={value}" for key, value in sorted(wanted.items()))
        return ConfigError(
            f"no host of the environment has the labels {labels} that {instance.name} asks for",
            where,
            "give a host these labels in environment.yaml, or change placement.matchLabels",
        )
    block = "process" if matching[0].engine == "process" else "container"
    host = matching[0].host
    return ConfigError(
        f"{instance.name} has no {block} block, and host {host} runs it as a {block}",
        where,
        f"add a {block} block to the agent, or place the instance on another host",
    )

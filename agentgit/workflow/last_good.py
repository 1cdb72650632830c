"""What each instance was when it was last good, put together to one desired state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agentgit.compile.build import compile_environment
from agentgit.effects import Source
from agentgit.errors import AgentgitError
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Observed
from agentgit.model.rollout import RolloutRecord
from agentgit.record.history import last_good


@dataclass(frozen=True)
class WayBack:
    """A desired state to go back to, and the commit of each instance; empty: it is removed.

    `missing` are instances whose commit cannot be read here; they stay as they are.
    """

    desired: Desired
    commits: Mapping[str, str]
    missing: Mapping[str, str]


def find_way_back(
    source: Source,
    desired: Desired,
    observed: Observed,
    records: tuple[RolloutRecord, ...],
    names: Collection[str],
) -> WayBack:
    """Compile instances as they were last good. The hosts are today's: what runs there is found.

    The ledger knows the commit; where it has no word, that of the replicas that run does. What
    never succeeded and does not run is not part of the result.
    """
    ran = {replica.instance: replica.commit for replica in reversed(observed.replicas)}
    commits = {name: last_good(records, name) or ran.get(name, "") for name in sorted(names)}
    instances: list[Instance] = []
    missing: dict[str, str] = {}
    for sha in sorted(set(commits.values()) - {""}):
        wanted = [name for name in commits if commits[name] == sha]
        try:
            then = compile_environment(source.snapshot(sha), desired.environment)
        except AgentgitError as error:
            missing |= dict.fromkeys(wanted, error.message)
            continue
        instances += [
            one.model_copy(update={"commit": sha}) for one in then.instances if one.name in wanted
        ]
    ordered = tuple(sorted(instances, key=lambda one: one.name))
    return WayBack(desired.model_copy(update={"instances": ordered}), commits, missing)

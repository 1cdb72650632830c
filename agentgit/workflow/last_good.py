"""What each instance was when it was last good, put together to one desired state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agentgit.compile.build import compile_environment
from agentgit.effects import Source
from agentgit.errors import AgentgitError, GuardError
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Observed, Replica
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.guard import check_known
from agentgit.record.history import last_good


@dataclass(frozen=True)
class WayBack:
    """A desired state to go back to, and the commit of each instance; empty: it is removed.

    `missing` are instances whose commit cannot be read here; they stay as they are.
    """

    desired: Desired
    commits: Mapping[str, str]
    missing: Mapping[str, str]


def find_running(
    source: Source,
    desired: Desired,
    observed: Observed,
    records: tuple[RolloutRecord, ...],
    names: Collection[str],
) -> Desired:
    """Compile instances as they run now, for a restart that changes nothing.

    Raises UsageError for a name that nobody knows, and GuardError for an instance that does not
    run, or in two revisions at once.
    """
    check_known(desired, observed, frozenset(names))
    instances = []
    for name in sorted(names):
        replicas = observed.replicas_of(name)
        revisions = {one.revision for one in replicas}
        if not _are_alike(observed, replicas):
            state = "is between two revisions" if revisions else "does not run"
            raise GuardError(
                f"{name} {state}, so it cannot be restarted as it is",
                hint=f"agentgit apply -e {desired.environment} brings it to what is asked for",
            )
        commits = [last_good(records, name) or "", replicas[0].commit]
        found = (_compile_one(source, desired.environment, sha, name) for sha in commits if sha)
        fitting = (
            one for one in found if one and revisions <= {one.revision, one.process_revision}
        )
        instance = next(fitting, None)
        if instance is None:
            raise GuardError(
                f"{name} runs a revision whose commit cannot be read here: {commits[-1][:7]}",
                hint="git fetch brings older commits; in a shallow clone git fetch --unshallow",
            )
        instances.append(instance)
    return desired.model_copy(update={"instances": tuple(instances)})


def _are_alike(observed: Observed, replicas: Sequence[Replica]) -> bool:
    """Whether there are replicas, all of one revision: one for containers, one for processes."""
    processes = {state.host for state in observed.hosts if state.engine == "process"}
    found = {(one.host in processes, one.revision) for one in replicas}
    return bool(found) and len(found) == len({is_process for is_process, _ in found})


def _compile_one(source: Source, environment: str, sha: str, name: str) -> Instance | None:
    try:
        then = compile_environment(source.snapshot(sha), environment)
    except AgentgitError:
        return None
    found = then.instance(name)
    return found.model_copy(update={"commit": sha}) if found else None


def find_way_back(
    source: Source,
    desired: Desired,
    observed: Observed,
    records: tuple[RolloutRecord, ...],
    names: Collection[str],
) -> WayBack:
    """Compile instances as they were last good. The hosts are today's: what runs there is found.

    The ledger knows the commit; where it has no word, that of the replicas that run does, unless
    a rollout made them that is known not to have succeeded. What never succeeded and does not run
    is not part of the result.
    """
    unproven = {record.id for record in records if record.outcome != "succeeded"}
    ran = {
        replica.instance: replica.commit
        for replica in reversed(observed.replicas)
        if replica.state == "running" and replica.rollout not in unproven
    }
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

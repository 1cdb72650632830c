"""Which limits protected an environment before this commit, and how it changes them."""

from __future__ import annotations

from dataclasses import dataclass

from agentgit.compile.build import compile_environment
from agentgit.compile.trace import Tracer
from agentgit.errors import AgentgitError
from agentgit.model.change import FieldChange
from agentgit.model.desired import Desired
from agentgit.model.rollout import RolloutRecord
from agentgit.model.spec import Protection
from agentgit.plan.limits import compare_protection
from agentgit.record.history import verified_commit
from agentgit.workflow.session import Request, Target, World


@dataclass(frozen=True)
class Found:
    """`protected` are the limits of the commit verified last; `changes` those that differ now."""

    protected: Protection | None = None
    changes: tuple[FieldChange, ...] = ()
    warning: str = ""


def find_protection(
    world: World,
    request: Request,
    target: Target,
    desired: Desired,
    records: tuple[RolloutRecord, ...],
) -> Found:
    """Read the limits of the commit that was verified last.

    Where that cannot be read here, those of this commit alone are in force, and a warning says so.
    """
    sha = verified_commit(records)
    here = target.commit.sha if target.commit else ""
    if sha is None or sha == here or request.kind not in {"apply", "rollback"}:
        return Found()
    try:
        then = compile_environment(world.source.snapshot(sha), request.environment, only=())
    except AgentgitError:
        what = f"what protected {request.environment} at {sha[:7]} cannot be read here"
        return Found(warning=f"{what}: only the limits of this commit count")
    before = then.protection
    if before == desired.protection:
        return Found(before)
    place = Tracer(target.snapshot, desired).environment_place
    return Found(before, compare_protection(before, desired.protection, place))

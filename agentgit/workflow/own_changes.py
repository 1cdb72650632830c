"""How a commit changes the environment itself: its limits and hosts, what it follows and keeps."""

from __future__ import annotations

from dataclasses import dataclass

from agentgit.compile.build import compile_environment
from agentgit.compile.trace import Tracer
from agentgit.errors import AgentgitError
from agentgit.model.change import FieldChange
from agentgit.model.rollout import RolloutRecord
from agentgit.model.spec import Protection
from agentgit.plan.effect import compare_environments
from agentgit.record.history import verified_commit
from agentgit.workflow.session import Request, Target, World


@dataclass(frozen=True)
class Found:
    """`protected` are the limits of the commit verified last; `changes` all that differs now."""

    protected: Protection | None = None
    changes: tuple[FieldChange, ...] = ()
    warning: str = ""


def find_own_changes(
    world: World, request: Request, target: Target, records: tuple[RolloutRecord, ...]
) -> Found:
    """Compare the environment with that of the commit that was verified last.

    Where that cannot be read here, the limits of this commit alone are in force, and a warning
    says so.
    """
    sha, name = verified_commit(records), request.environment
    here = target.commit.sha if target.commit else ""
    if sha is None or sha == here or request.kind not in {"apply", "rollback"}:
        return Found()
    try:
        past = world.source.snapshot(sha)
        then = compile_environment(past, name, only=())
    except AgentgitError:
        what = f"what protected {name} at {sha[:7]} cannot be read here"
        return Found(warning=f"{what}: only the limits of this commit count")
    now = compile_environment(target.snapshot, name, only=())
    places = (Tracer(past, then), Tracer(target.snapshot, now))
    return Found(then.protection, compare_environments(then, now, *places))

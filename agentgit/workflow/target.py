"""Which commit a request is about: the branch an environment follows, a pin, or a revision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agentgit.compile.build import compile_environment
from agentgit.compile.layout import list_environments
from agentgit.errors import AgentgitError, ConfigError, GuardError, UsageError
from agentgit.model.desired import Desired
from agentgit.model.plan import Pin
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.record.history import is_destroyed, previous_success, verified_commit
from agentgit.record.pins import active_pin, has_expired, pin_holds
from agentgit.workflow.line import refuse_line
from agentgit.workflow.session import Request, Target, World


def choose_target(
    world: World, request: Request, records: tuple[RolloutRecord, ...], *, looking: bool
) -> Target:
    """Decide what to compile. Raises any AgentgitError.

    Who is only `looking`, or destroys, may also name an environment that is gone from the
    repository but not from the records: then the last commit that had it is taken.
    """
    if request.worktree:
        return Target(world.source.worktree(), None, None, None)
    branch, followed = follow(world, request.environment)
    if (looking or request.kind == "destroy") and records and request.kind != "drift":
        snapshot = world.source.snapshot(followed.sha)
        if request.environment not in list_environments(snapshot):
            return _target(world, records[0].commit, (branch, followed), None)
    pin = find_pin(world, records, followed)
    if request.kind == "rollback":
        return _go_back(world, request, records, (branch, followed), pin)
    if request.kind in {"restart", "drift"}:
        return _stay(world, request, records, (branch, followed), pin)
    if request.revision is not None:
        return _go_to(world, request, (branch, followed), pin)
    target = _target(world, pin.commit if pin else followed.sha, (branch, followed), pin)
    if pin is None:
        forwards = request.kind == "apply" and not looking
        said = refuse_line(world, request, records, (branch, followed)) if forwards else ()
        target = replace(target, ended_pin=active_pin(records), refused=tuple(said))
    return target


def compile_target(
    target: Target, request: Request, *, status: bool
) -> tuple[Desired, AgentgitError | None]:
    """Compile what was chosen, for a destroy its hosts alone.

    For a `status` a mistake in an agent or instance is given back: hosts can be looked at even so.
    """
    nothing: tuple[str, ...] | None = () if request.kind == "destroy" else None
    problem: AgentgitError | None = None
    try:
        desired = compile_environment(target.snapshot, request.environment, only=nothing)
    except ConfigError as error:
        if not status:
            raise
        problem = error
        desired = compile_environment(target.snapshot, request.environment, only=())
    return desired.model_copy(update={"branch": target.branch}), problem


def follow(world: World, environment: str) -> tuple[str, Commit]:
    """Give the branch an environment follows, as people call it, and its commit.

    An environment that the checked-out commit does not have follows that commit.
    """
    head = world.source.snapshot("HEAD")
    known = environment in list_environments(head)
    branch = compile_environment(head, environment, only=()).branch if known else None
    return world.source.follow(branch)


def find_pin(world: World, records: tuple[RolloutRecord, ...], followed: Commit) -> Pin | None:
    """Find the pin in force: one that was set, for long enough, and no newer commit has ended."""
    pin = active_pin(records)
    if pin is None or has_expired(pin, world.clock.now()):
        return None
    if not pin_holds(pin, followed.sha, world.source.is_ancestor):
        return None
    return pin


def _target(
    world: World,
    sha: str,
    follows: tuple[str, Commit],
    pin: Pin | None,
    new_pin: Pin | None = None,
) -> Target:
    snapshot = world.source.snapshot(sha)
    branch, followed = follows
    on_branch = snapshot.commit is not None and snapshot.commit.sha == followed.sha
    return Target(
        snapshot=snapshot,
        commit=snapshot.commit,
        branch=branch if on_branch else None,
        followed=followed,
        pin=pin,
        new_pin=new_pin,
    )


def _go_to(world: World, request: Request, follows: tuple[str, Commit], pin: Pin | None) -> Target:
    """Go to a revision by hand; anything but the followed commit becomes a pin."""
    commit = world.source.commit(request.revision or "HEAD")
    if commit.sha == follows[1].sha:
        _need_no_term(request, follows)
        if pin is not None:
            raise GuardError(
                f"{request.environment} is pinned to {pin.commit[:7]} by {pin.owner}",
                hint=f"end the pin first: agentgit unpin -e {request.environment}",
            )
        return _target(world, commit.sha, follows, None)
    new_pin = None if request.only else _make_pin(world, request, commit.sha, follows[1])
    return _target(world, commit.sha, follows, pin, new_pin)


def _go_back(
    world: World,
    request: Request,
    records: tuple[RolloutRecord, ...],
    follows: tuple[str, Commit],
    pin: Pin | None,
) -> Target:
    """Go back to a commit, or to the success before the last one."""
    environment = request.environment
    if request.revision is not None:
        sha = world.source.commit(request.revision).sha
    else:
        found = previous_success(records)
        if found is None:
            raise UsageError(
                f"{environment} has no earlier success to go back to",
                hint=f"agentgit history -e {environment} lists rollouts; name a commit with --to",
            )
        sha = found
    if sha == follows[1].sha:
        _need_no_term(request, follows)
        return _target(world, sha, follows, None)
    return _target(world, sha, follows, pin, _make_pin(world, request, sha, follows[1]))


def _stay(
    world: World,
    request: Request,
    records: tuple[RolloutRecord, ...],
    follows: tuple[str, Commit],
    pin: Pin | None,
) -> Target:
    """Stay at what was applied last: a restart brings in no change, and drift is none."""
    if request.kind == "drift":
        return _target(world, _find_verified(request, records), follows, None)
    sha = verified_commit(records) or (pin.commit if pin else follows[1].sha)
    return _target(world, sha, follows, pin)


def _find_verified(request: Request, records: tuple[RolloutRecord, ...]) -> str:
    """Find what to compare with; nothing to compare with is not the same as no drift."""
    verified = verified_commit(records)
    if verified is not None:
        return verified
    last = next((one for one in records if one.kind not in {"unpin", "break"}), None)
    if last is not None and is_destroyed(records):
        return last.commit
    name = request.environment
    raise AgentgitError(
        f"{name} has never been applied to the end: there is nothing it could differ from",
        hint=f"agentgit apply -e {name}; where others have applied it, their records are missing "
        "here: see ledger.remote in agentgit.yaml",
    )


def _need_no_term(request: Request, follows: tuple[str, Commit]) -> None:
    """Refuse to hold an environment for a while at the very commit that it follows."""
    if request.pin_for is not None:
        branch, followed = follows
        raise UsageError(
            f"{request.environment} follows {branch}, which is at {followed.short}: there is no "
            "pin that could end",
            hint="leave out --for, or name another commit",
        )


def _make_pin(world: World, request: Request, sha: str, followed: Commit) -> Pin:
    now, term = world.clock.now(), request.pin_for
    return Pin(
        commit=sha,
        instead_of=followed.sha,
        owner=world.source.actor(),
        reason=request.reason,
        since=now,
        expires=None if term is None else now + timedelta(seconds=term),
    )

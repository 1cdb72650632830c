"""Guards the line of commits: forwards along what is followed, and back only on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.errors import GitError, UsageError
from agentgit.model.desired import Desired
from agentgit.model.plan import Plan
from agentgit.model.refusal import Refusal
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.plan.digest import digest_desired
from agentgit.record.history import verified_commit
from agentgit.record.pins import followed_line
from agentgit.workflow.session import Request, Target, World


def refuse_line(
    world: World,
    request: Request,
    records: tuple[RolloutRecord, ...],
    follows: tuple[str, Commit],
) -> Iterator[Refusal]:
    """Refuse a followed commit that does not contain the one that was applied last.

    It is an older one, it is on another line, or a shallow clone cannot tell.
    """
    branch, followed = follows
    last = followed_line(records)
    if last is None or "diverged" in request.allow:
        return
    name, contains = request.environment, world.source.is_ancestor
    anyway = f"agentgit apply -e {name} --allow diverged"
    try:
        if contains(last, followed.sha):
            return
        older = contains(followed.sha, last)
    except GitError as error:
        yield _refuse(
            f"{last[:7]} was applied to {name} last, and {branch} is at {followed.short}: "
            f"{error.message}",
            f"{error.hint}; to go on without knowing: {anyway}",
        )
        return
    if older:
        yield _refuse(
            f"{branch} is at {followed.short}, and a newer commit is applied to {name} already: "
            f"{last[:7]}",
            "git pull may bring it; to go back on purpose: "
            f"agentgit rollback -e {name} --to {followed.short}",
        )
    elif not _is_here(world, last):
        yield _refuse(
            f"{last[:7]} was applied to {name} last, and this clone does not have it: "
            f"it was never pushed, or {branch} was rewritten",
            f"let whoever applied it push it, then git pull: agentgit history -e {name}; "
            f"to apply {followed.short} all the same: {anyway}",
        )
    else:
        yield _refuse(
            f"{branch} at {followed.short} does not contain {last[:7]}, which was applied to "
            f"{name} last: it was rewritten, or it is another branch",
            f"merge or rebase onto {last[:7]}; to apply it as it is: {anyway}",
        )


def _refuse(message: str, hint: str) -> Refusal:
    return Refusal(name="diverged", guard="diverged", message=message, hint=hint)


def _is_here(world: World, sha: str) -> bool:
    try:
        world.source.commit(sha)
    except GitError:
        return False
    return True


def check_goes_back(
    request: Request,
    target: Target,
    desired: Desired,
    records: tuple[RolloutRecord, ...],
    plan: Plan,
) -> None:
    """Refuse a rollback to what is applied already. Renewing a pin, or ending one, is none.

    Raises UsageError.
    """
    commit, pin = target.commit, target.new_pin
    if request.kind != "rollback" or not plan.is_empty or commit is None or pin is None:
        return
    if target.pin is not None and target.pin.commit == commit.sha:
        return
    last = verified_commit(records)
    intents = {one.intent for one in records if one.commit == last and _is_whole(one)}
    if digest_desired(desired) in intents:
        name = request.environment
        raise UsageError(
            f"there is nothing to go back to: {commit.short} asks for what runs in {name} already",
            hint=f"to hold {name} there: agentgit apply -e {name} --revision {commit.short}",
        )


def _is_whole(record: RolloutRecord) -> bool:
    return record.outcome == "succeeded" and not record.only

"""A saved plan carried out: only while the very same would be asked for, seen and planned again.

Nothing that is done comes from the file: it only says what must come out of planning again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from shlex import quote

from agentgit import __version__
from agentgit.compile.build import compile_environment
from agentgit.errors import ConfigError, GitError, StaleError
from agentgit.model.desired import Desired
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.saved_plan import Asked, SavedPlan, Shown
from agentgit.model.snapshot import Commit
from agentgit.plan.digest import digest_hosts, digest_instances, digest_protection
from agentgit.plan.moved import describe_flaps, describe_moved, find_moved, list_some, see_all
from agentgit.plan.other_steps import does_the_same, find_other_steps
from agentgit.record.pins import followed_line
from agentgit.workflow.own_doing import GOES_ON, find_others_doing, find_own
from agentgit.workflow.session import Request, Session, Target, World


def save_plan(session: Session, plan: Plan, shown: Shown) -> SavedPlan:
    """Gather what a file is to hold; `shown` is what the plan's texts need besides."""
    request = session.request
    return SavedPlan(
        tool=f"agentgit {__version__}",
        saved_at=session.world.clock.now(),
        asked=Asked(
            revision=request.revision,
            only=request.only,
            retry=request.retry,
            allow=tuple(sorted(request.allow)),
        ),
        pinning=session.target.new_pin is not None,
        plan=plan,
        seen=see_all(session.observed),
        health={one.name: one.health for one in session.observed.replicas},
        shown=shown,
    )


def ask_again(world: World, saved: SavedPlan, wanted: Request) -> Request:
    """Ask for the same as a saved plan did; `wanted` says how to go about it.

    A branch or tag that is gone meanwhile means the commit that it meant.
    """
    asked, commit = saved.asked, _commit(saved)
    revision = asked.revision
    if revision is not None:
        try:
            world.source.commit(revision)
        except GitError:
            revision = commit.sha
    return replace(
        wanted,
        environment=saved.plan.environment,
        revision=revision,
        only=asked.only,
        retry=asked.retry,
        allow=frozenset(asked.allow),
        saved=saved,
    )


def hold_commit(
    world: World,
    request: Request,
    records: tuple[RolloutRecord, ...],
    target: Target,
    desired: Desired,
) -> tuple[Target, Desired]:
    """Stay with the commit of the saved plan, while what is followed asks for the same.

    Raises StaleError where something else is asked for now, ConfigError for another project's.
    """
    saved = request.saved
    if saved is None:
        return target, desired
    if saved.plan.project_id != desired.project.id:
        raise ConfigError(
            f"{request.file} is a plan of another project: {saved.plan.project}",
            hint="apply it in a clone of that project",
        )
    commit = _commit(saved)
    _check_pin(request, target, saved)
    if target.commit is None or target.commit.sha != commit.sha:
        target, desired = _go_there(world, request, records, target, desired)
    branch = saved.plan.branch
    return replace(target, branch=branch), desired.model_copy(update={"branch": branch})


def hold_plan(session: Session) -> None:
    """Stay with the new plan where it has the steps of the saved one.

    Health comes and goes by itself: it may change their order, and what is waited for.
    A rollout of the very same file that did not come to its end goes on: then it has the steps
    that are left. Raises StaleError when anything has moved, or the file has other steps.
    """
    request, fresh, saved = session.request, session.plan, session.request.saved
    if saved is None or fresh is None:
        return
    if fresh.intent_digest != saved.plan.intent_digest:
        what = f"{request.file} asks for something else than its plan was made for"
        raise _stale(
            request, f"{what}, or this agentgit reads {_commit(saved).short} in another way", ()
        )
    seen = fresh.observed_digest == saved.plan.observed_digest
    others = find_other_steps(saved.plan, fresh) if seen else ()
    flaps = describe_flaps(saved.health, session.observed)
    if seen and (not others or (flaps and does_the_same(saved.plan, fresh))):
        return
    own = find_own(session.records, saved.digest)
    moved = find_moved(saved.seen, see_all(session.observed))
    moved = find_others_doing(moved, own, session.ledger)
    words = [
        f"{host}: {_say_host(host, fresh)}"
        for host in sorted({*saved.plan.hosts} ^ {*fresh.hosts})
    ]
    words += [describe_moved(one) for one in moved]
    if own and not words:
        return
    done = next((one for one in session.records if one.saved_plan == saved.digest), None)
    if done is not None and done.outcome not in GOES_ON:
        raise _stale(request, f"this plan was carried out already: {_say(done)}", ())
    if others and flaps:
        raise _stale(
            request,
            f"the health of what runs in {request.environment} has changed since this plan was "
            "saved, so that it has other steps now",
            (*flaps, *others),
        )
    if others:
        raise _stale(request, f"{request.file} has other steps than are planned for it", others)
    raise _stale(
        request, f"what runs in {request.environment} has changed since this plan was saved", words
    )


def _check_pin(request: Request, target: Target, saved: SavedPlan) -> None:
    """Refuse where another pin is in force, or would be set, than when the plan was made."""
    name, pinning = request.environment, target.new_pin is not None
    if pinning and saved.pinning:
        return
    then = saved.plan.pin.commit if saved.plan.pin else ""
    now = target.pin.commit if target.pin else ""
    if pinning != saved.pinning:
        word = "would pin" if pinning else "would not pin"
        raise _stale(request, f"carrying it out {word} {name} now, and it was not so then", ())
    if then != now and now:
        owner = target.pin.owner if target.pin else ""
        raise _stale(request, f"{name} is pinned at {now[:7]} by {owner} since", ())
    if then != now:
        raise _stale(request, f"the pin of {name} at {then[:7]} has ended since", ())


def _go_there(
    world: World,
    request: Request,
    records: tuple[RolloutRecord, ...],
    target: Target,
    desired: Desired,
) -> tuple[Target, Desired]:
    """Go to the saved commit although another one would be chosen now, which asks for the same."""
    saved = request.saved
    if saved is None or target.commit is None:  # pragma: no cover - a saved plan has a commit
        raise AssertionError(request)
    commit, newer = _commit(saved), target.commit
    snapshot = world.source.snapshot(commit.sha)
    then = compile_environment(snapshot, request.environment)
    words = _compare_intents(then, desired, request)
    if words:
        what = request.revision or target.branch or "what it follows"
        raise _stale(
            request,
            f"{request.environment} is asked for something else since this plan was saved: "
            f"{what} is at {newer.short} instead of {commit.short}",
            words,
        )
    if request.revision is None:
        _check_line(world, request, records, target, commit)
    pin = target.new_pin
    new_pin = pin.model_copy(update={"commit": commit.sha}) if pin else None
    return replace(target, snapshot=snapshot, commit=commit, new_pin=new_pin), then


def _check_line(
    world: World,
    request: Request,
    records: tuple[RolloutRecord, ...],
    target: Target,
    commit: Commit,
) -> None:
    contains, newer = world.source.is_ancestor, target.commit
    if newer is not None and not contains(commit.sha, newer.sha):
        raise _stale(
            request,
            f"{target.branch or newer.short} does not contain {commit.short} any more: it was "
            "rewritten",
            (),
        )
    last = followed_line(records)
    if last and last != commit.sha and contains(commit.sha, last):
        raise _stale(
            request,
            f"a newer commit than {commit.short} was applied to {request.environment} since: "
            f"{last[:7]}",
            (),
        )


def _compare_intents(then: Desired, now: Desired, request: Request) -> list[str]:
    old, new = digest_instances(then), digest_instances(now)
    words = []
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and (not request.only or name in request.only):
            gone, fresh = name not in new, name not in old
            what = "is gone" if gone else "is new" if fresh else "asks for something else"
            words.append(f"{name} {what}")
    if digest_hosts(then) != digest_hosts(now):
        words.append("the hosts of the environment are others")
    if digest_protection(then) != digest_protection(now):
        words.append("the protection of the environment is another")
    if then.keep_revisions != now.keep_revisions:
        words.append(f"keepRevisions is {now.keep_revisions} instead of {then.keep_revisions}")
    return words


def _stale(request: Request, message: str, moved: Sequence[str]) -> StaleError:
    asked = Request(
        request.environment, revision=request.revision, only=request.only, allow=request.allow
    )
    again = asked.command.replace("agentgit apply", "agentgit plan", 1)
    again += " --retry" if request.retry else ""
    return StaleError(
        list_some(message, moved),
        hint=f"nothing was changed; look again: {again} --out {quote(request.file)}",
    )


def _say_host(host: str, fresh: Plan) -> str:
    return "a host that is new" if host in fresh.hosts else "not a host any more"


def _say(record: RolloutRecord) -> str:
    return f"rollout {record.id} {record.outcome}"


def _commit(saved: SavedPlan) -> Commit:
    if saved.plan.commit is None:
        raise ConfigError(
            "a plan of the work tree cannot be carried out", hint="commit, and plan again"
        )
    return saved.plan.commit

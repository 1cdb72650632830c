"""Gathers what is known around a plan, for the texts that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agentgit.errors import AgentgitError

if TYPE_CHECKING:
    from agentgit.model.events import Event
    from agentgit.model.origin import Origin
    from agentgit.model.plan import Plan
    from agentgit.pipeline import Request, Session
    from agentgit.report.context import Context


def know(session: Session) -> Context:
    """Describe what is known before a plan is carried out."""
    from agentgit.plan.digest import digest_desired
    from agentgit.report.context import Context

    request, desired = session.request, session.desired
    names = {one.name for one in desired.instances}
    follows, here = _compare_branches(session)
    return Context(
        kind=request.kind,
        only=request.only,
        command=command_of(request),
        instances=len(names | {one.instance for one in session.observed.replicas}),
        records=session.records,
        intent=digest_desired(desired),
        pinning=session.target.new_pin is not None,
        follows=follows,
        here=here,
        unchecked=frozenset(
            one.name
            for one in desired.instances
            if one.spec.container is None or one.spec.container.healthcheck is None
        ),
        before=session.observed,
    )


def know_after(context: Context, session: Session, plan: Plan, events: Sequence[Event]) -> Context:
    """Add what runs after a rollout that did not succeed, and where its images are asked for."""
    from agentgit.model.events import RolloutStarted, StepFailed
    from agentgit.record.quarantine import find_quarantined
    from agentgit.workflow.observe import observe_hosts

    failures = [event.failure for event in events if isinstance(event, StepFailed)]
    missing = sorted({one.replica for one in failures if one.step == "ensure-image"})
    mine = {event.rollout for event in events if isinstance(event, RolloutStarted)}
    bad = find_quarantined(session.ledger.rollouts(plan.environment))
    return replace(
        context,
        quarantined=tuple(one for one in bad if one.rollout in mine),
        after=observe_hosts(session.providers, plan.environment),
        images={image: _find_users(session, plan, image) for image in missing},
    )


def command_of(request: Request) -> str:
    """Write the command that asks for the same again."""
    return request.command


def _compare_branches(session: Session) -> tuple[str, str]:
    """Give the branch an environment follows and the one checked out, where these differ."""
    from agentgit.workflow.target import follow

    request, world = session.request, session.world
    if request.kind != "apply" or request.revision or request.worktree or request.saved:
        return "", ""
    branch, commit = follow(world, request.environment)
    head = world.source.head_branch()
    if head is None or head == branch or world.source.commit("HEAD").sha == commit.sha:
        return "", ""
    return branch, head


def _find_users(session: Session, plan: Plan, image: str) -> tuple[tuple[str, Origin], ...]:
    """Find which instances of a plan use an image, and where that is said."""
    from agentgit.model.steps import CreateReplica

    names = {
        step.replica.instance
        for move in plan.moves
        for step in move.steps
        if isinstance(step, CreateReplica)
        and step.replica.container is not None
        and step.replica.container.image == image
    }
    found = ((name, _find_origin(session, name)) for name in sorted(names))
    return tuple((name, origin) for name, origin in found if origin is not None)


def _find_origin(session: Session, name: str) -> Origin | None:
    from agentgit.compile.explain import explain_instance

    try:
        explained = explain_instance(session.target.snapshot, session.request.environment, name)
    except AgentgitError:  # a restart may be about a commit that is not the target's
        return None
    chain = explained.chains.get(("container", "image"), ())
    return chain[0].origin if chain else None

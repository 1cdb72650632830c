"""Traces a replica back: from the container to its rollout, the change, and the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.errors import EngineError, GitError, UsageError
from agentgit.model.change import Change
from agentgit.model.events import Event, GoingBack, HoldDone, StepDone, StepFailed
from agentgit.model.observed import Replica
from agentgit.model.plan import Move, Plan
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.steps import CreateReplica, RemoveReplica, ReplicaSpec, Step, StopReplica
from agentgit.model.story import Proof, Story
from agentgit.record.ledger import GitLedger
from agentgit.workflow.aim import take_aim
from agentgit.workflow.observe import observe_known
from agentgit.workflow.session import Request, World

_SHORTEST = 4  # characters of an id that are enough to mean one
_LISTED = 5


def trace_replica(world: World, environments: Sequence[str], text: str) -> Story:
    """Tell the story of a replica, by its name or the beginning of its id or name.

    Looks at what runs first, then at what the ledger remembers. Raises UsageError when there is
    none, or more than one.
    """
    silent: list[tuple[str, str]] = []
    ledgers: dict[str, GitLedger] = {}
    live: list[tuple[str, Replica]] = []
    for name in environments:
        with take_aim(world, Request(name), status=True) as aim:
            observed = observe_known(aim.providers, name, aim.ledger.rollouts(name))
        ledgers[name] = aim.ledger
        silent += [(name, one.host) for one in observed.unreachable]
        live += [(name, one) for one in observed.replicas]
    found = _match(live, text)
    if len(found) > 1:
        raise _ambiguous(text, [replica.name for _, replica in found])
    for name, replica in found:
        return _tell_live(world, ledgers[name], name, replica)
    for name, ledger in ledgers.items():
        story = _tell_gone(world, ledger, name, text)
        if story is not None:
            unseen = story.removed_by is None and (name, story.host) in silent
            return story.model_copy(update={"unseen": unseen})
    hosts = [host for _, host in silent]
    raise _nobody(text, environments, hosts, [one.name for _, one in live])


def _match(live: list[tuple[str, Replica]], text: str) -> list[tuple[str, Replica]]:
    """Find who is meant: an exact name, else the beginning of an id, else of a name."""
    exact = [pair for pair in live if pair[1].name == text]
    by_id = [pair for pair in live if len(text) >= _SHORTEST and pair[1].id.startswith(text)]
    return exact or by_id or [pair for pair in live if text and pair[1].name.startswith(text)]


def _tell_live(world: World, ledger: GitLedger, environment: str, replica: Replica) -> Story:
    records = ledger.rollouts(environment)
    record = next((one for one in records if one.id == replica.rollout), None)
    story = Story(
        environment=environment,
        name=replica.name,
        instance=replica.instance,
        host=replica.host,
        slot=replica.slot,
        revision=replica.revision,
        commit=_describe(world, replica.commit),
        live=replica,
        rollout_id=replica.rollout,
        rollout=record,
    )
    return _explain(ledger, story)


def _tell_gone(world: World, ledger: GitLedger, environment: str, text: str) -> Story | None:
    """Find a replica that runs no more in the plans and events of the ledger."""
    mentions = ledger.mentions(environment, text)
    names = sorted({one for record in mentions for one in _names_in(ledger, record, text)})
    if not names:
        return None
    name = text if text in names else names[0]
    if len(names) > 1 and text not in names:
        raise _ambiguous(text, names)
    if text != name:
        mentions = ledger.mentions(environment, name)
    creator = next((one for one in mentions if _creates(ledger, one, name)), None)
    spec = _find_spec(ledger.plan(environment, creator.id), name) if creator else None
    since = mentions[: mentions.index(creator) + 1] if creator else mentions  # names come again
    host, instance, slot = _place(ledger, mentions, name)
    story = Story(
        environment=environment,
        name=name,
        instance=instance,
        host=host,
        slot=slot,
        revision=spec.revision if spec else "",
        commit=_describe(world, spec.commit if spec else ""),
        rollout_id=creator.id if creator else "",
        rollout=creator,
        removed_by=next((one for one in since if _removes(ledger, one, name)), None),
    )
    return _explain(ledger, story)


def _explain(ledger: GitLedger, story: Story) -> Story:
    """Add the change that made it, and what the rollout saw of it."""
    if story.rollout is None:
        return story
    plan = ledger.plan(story.environment, story.rollout.id)
    events = ledger.events(story.environment, story.rollout.id)
    planned = _find_spec(plan, story.name) is not None
    return story.model_copy(
        update={
            "change": _find_change(plan, story.instance) if planned else None,
            "went_back": not planned and any(isinstance(one, GoingBack) for one in events),
            "proofs": tuple(_prove(events, story.name)),
            "failure": _find_failure(events, story.name),
        }
    )


def _prove(events: Sequence[Event], name: str) -> Iterator[Proof]:
    """Give what was seen of a replica, in order; a pause counts for who was there already."""
    healthy = False
    for event in events:
        if isinstance(event, StepDone) and event.target == name:
            if event.step == "await-healthy":
                healthy = True
                yield Proof(what="healthy", seconds=event.seconds)
            elif event.step in {"stop-replica", "remove-replica"}:
                healthy = False
        elif isinstance(event, HoldDone) and healthy:
            yield Proof(what="held")


def _find_failure(events: Sequence[Event], name: str) -> Failure | None:
    failures = (one.failure for one in events if isinstance(one, StepFailed))
    return next((one for one in failures if one.replica == name), None)


def _find_change(plan: Plan | None, instance: str) -> Change | None:
    changes = plan.changes if plan else ()
    return next((one for one in changes if one.instance == instance), None)


def _find_spec(plan: Plan | None, name: str) -> ReplicaSpec | None:
    steps = (step for move in _moves(plan) for step in _steps(move))
    specs = (step.replica for step in steps if isinstance(step, CreateReplica))
    return next((spec for spec in specs if spec.name == name), None)


def _names_in(ledger: GitLedger, record: RolloutRecord, text: str) -> Iterator[str]:
    """Name the replicas of a rollout that a text can mean."""
    plan = ledger.plan(record.environment, record.id)
    for move in _moves(plan):
        for step in _steps(move):
            if isinstance(step, CreateReplica) and step.replica.name.startswith(text):
                yield step.replica.name
            if isinstance(step, StopReplica | RemoveReplica):
                by_id = len(text) >= _SHORTEST and (step.id or "").startswith(text)
                if by_id or step.name.startswith(text):
                    yield step.name
    for event in ledger.events(record.environment, record.id):
        if isinstance(event, StepDone) and (name := _replica_in(event)).startswith(text) and name:
            yield name


def _replica_in(event: StepDone) -> str:
    return event.target if event.step in _OF_REPLICAS else ""


_OF_REPLICAS = frozenset({"create-replica", "stop-replica", "remove-replica"})


def _creates(ledger: GitLedger, record: RolloutRecord, name: str) -> bool:
    return _did(ledger, record, name, "create-replica")


def _removes(ledger: GitLedger, record: RolloutRecord, name: str) -> bool:
    return _did(ledger, record, name, "remove-replica")


def _did(ledger: GitLedger, record: RolloutRecord, name: str, step: str) -> bool:
    events = ledger.events(record.environment, record.id)
    return any(
        isinstance(one, StepDone) and (one.step, one.target) == (step, name) for one in events
    )


def _place(ledger: GitLedger, records: Sequence[RolloutRecord], name: str) -> tuple[str, str, int]:
    """Find the host, the instance and the slot of a replica that is gone."""
    for record in records:
        for move in _moves(ledger.plan(record.environment, record.id)):
            if any(_target(step) == name for step in _steps(move)):
                return move.host, move.instance, move.slot
        for event in ledger.events(record.environment, record.id):
            if isinstance(event, StepDone) and event.target == name:
                return event.host, event.instance, 0
    return "", "", 0


def _moves(plan: Plan | None) -> tuple[Move, ...]:
    return plan.moves if plan else ()


def _steps(move: Move) -> tuple[Step, ...]:
    return (*move.steps, *move.undo)


def _target(step: Step) -> str:
    if isinstance(step, CreateReplica):
        return step.replica.name
    return step.name if isinstance(step, StopReplica | RemoveReplica) else ""


def _describe(world: World, sha: str) -> Commit:
    """Give a commit as people know it; one that is not in this clone has its id only."""
    try:
        return world.source.commit(sha) if sha else Commit(sha="")
    except GitError:
        return Commit(sha=sha)


def _ambiguous(text: str, names: list[str]) -> UsageError:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return UsageError(
        f"{text} can mean {len(names)} replicas",
        hint=f"name one of them: {', '.join(sorted(names)[:_LISTED])}{more}",
    )


def _nobody(
    text: str, environments: Sequence[str], silent: list[str], names: list[str]
) -> UsageError | EngineError:
    where = " or ".join(environments)
    if silent:
        return EngineError(
            f"no replica {text} is known in {where}, and what runs on {', '.join(silent)} is not",
            hint=f"agentgit status -e {environments[0]} says why",
        )
    from difflib import get_close_matches

    near = get_close_matches(text, names, 1)
    look = f"agentgit status -e {environments[0]} --json has the names and ids of what runs"
    hint = f"did you mean {near[0]}?" if near else look
    return UsageError(f"no replica {text} runs in {where}, and no rollout made one", hint=hint)

"""What runs after a rollout that did not succeed, where it is not as it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from agentgit.model.change import Change
from agentgit.model.observed import Observed, Replica
from agentgit.model.plan import Plan
from agentgit.report.context import Context
from agentgit.report.palette import safe
from agentgit.report.wording import count, lay_out, short_revision

_LIMIT = 20


def describe_state(replica: Replica) -> str:
    """Say in a word or two how a replica is."""
    if replica.state == "running":
        return "running" if replica.health == "none" else replica.health
    if replica.state == "exited" and replica.exit_code is not None:
        return f"exited with {replica.exit_code}"
    return replica.state


def runs_as_before(context: Context) -> bool:
    """Whether the very replicas run that ran before, all as well as then."""
    if context.before is None or context.after is None or context.after.unreachable:
        return False
    return _identify(context.before) == _identify(context.after)


def write_aftermath(plan: Plan, context: Context, *, back: bool) -> Iterator[str]:
    """Write what runs of each instance that is not where it was to be.

    With `back` that is where it was before; else what the plan asks for.
    """
    after = context.after
    if after is None:
        return
    rows = []
    for change in plan.changes:
        found = after.replicas_of(change.instance)
        if change.kind != "keep" and not _is_right(change, found, context, back=back):
            if after.unreachable and not found:
                continue  # unknown is not nothing
            wanted = 0 if after.unreachable else _count_wanted(change, context, back=back)
            rows.append((safe(change.instance), _describe(change, found, wanted)))
    yield from lay_out(rows[:_LIMIT])
    if len(rows) > _LIMIT:
        yield f"  ... and {count(len(rows) - _LIMIT, 'more instance')}"
    for host in after.unreachable:
        yield f"  what runs on {safe(host.host)} is unknown: it does not answer"


def _identify(observed: Observed) -> list[tuple[str, bool]]:
    return sorted((one.id, one.serving) for one in observed.replicas)


def _count_wanted(change: Change, context: Context, *, back: bool) -> int:
    if not back:
        return change.replicas
    before = context.before.replicas_of(change.instance) if context.before else ()
    return sum(one.serving for one in before)


def _is_right(change: Change, found: Sequence[Replica], context: Context, *, back: bool) -> bool:
    if not all(one.serving for one in found):
        return False
    if not back:
        revisions = {one.revision for one in found}
        return len(found) == change.replicas and revisions <= {change.revision}
    before = context.before.replicas_of(change.instance) if context.before else ()
    then = Counter(one.revision for one in before if one.serving)
    return Counter(one.revision for one in found) == then


def _describe(change: Change, found: Sequence[Replica], wanted: int) -> str:
    """Count replicas by revision and state: `1 healthy of the old revision 1b2c3d4e, ...`."""
    groups = Counter((one.revision, describe_state(one)) for one in found)
    words = [
        f"{number} {state} of {_word_age(revision, change)} {short_revision(safe(revision))}"
        for (revision, state), number in sorted(
            groups.items(), key=lambda item: (item[0][0] == change.revision, item)
        )
    ]
    missing = wanted - len(found)
    words += [f"{missing} missing"] if missing > 0 else []
    return ", ".join(words) or "nothing runs"


def _word_age(revision: str, change: Change) -> str:
    if revision in change.from_revisions:
        return "the old revision" if revision != change.revision else "revision"
    return "the new revision" if revision == change.revision else "revision"

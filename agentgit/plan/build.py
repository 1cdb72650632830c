"""Desired and observed in, plan out: the one public function of the planner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from agentgit.model.change import Change, FieldChange
from agentgit.model.desired import Desired
from agentgit.model.observed import Observed, Replica
from agentgit.model.plan import Plan, Wave
from agentgit.model.progress import Passage, Quarantined
from agentgit.model.refusal import Refusal
from agentgit.model.steps import Hold
from agentgit.plan.availability import count_least
from agentgit.plan.changes import describe_instance, describe_removal
from agentgit.plan.digest import digest_intent, digest_observed
from agentgit.plan.draft import Draft
from agentgit.plan.guard import check_known, refuse_ports
from agentgit.plan.guard_protection import find_refusals
from agentgit.plan.guard_quarantine import find_refused, refuse_quarantined
from agentgit.plan.guard_strategy import refuse_strategies
from agentgit.plan.images import Chooser, find_mixed, find_moved
from agentgit.plan.instance import (
    Names,
    Stage,
    compare_instance,
    find_passed,
    stage_instance,
)
from agentgit.plan.lost_hosts import check_hosts
from agentgit.plan.moves import move_away
from agentgit.plan.placement import find_hosts, place_slots
from agentgit.plan.request import Evidence, PlanRequest
from agentgit.plan.resources import plan_cleanup, plan_prepare
from agentgit.plan.risk import assess_risk, note_gaps

_LIMITS = "protection."


def build_plan(
    desired: Desired, observed: Observed, request: PlanRequest, evidence: Evidence
) -> Plan:
    """Say how to make observed what is desired.

    What guards refuse is part of the plan. Raises EngineError for a host that does not answer,
    GuardError where it is not known what runs and ConfigError for what cannot be placed.
    """
    check_hosts(observed, request, evidence)
    placed = _place(desired, observed, request)
    chooser = Chooser(observed, request.images)
    covered = [one for one in desired.instances if request.covers(one.name)]
    changes, rows, passed, bad = _compare(desired, observed, placed, request, evidence, chooser)
    gone = _unwanted(desired, observed, request)
    waves = (*_in_lockstep(rows), *_remove(gone))
    least = count_least(observed, waves)
    changes = note_gaps((*changes, *_describe_gone(gone, evidence)), desired, least)
    draft = Draft(desired, observed, placed, changes, waves, least, request, evidence)
    before, after = len(observed.replicas), _count_after(observed, waves)
    return Plan(
        project_id=desired.project.id,
        project=desired.project.name,
        environment=desired.environment,
        commit=desired.commit,
        branch=desired.branch,
        pin=request.pin,
        ended_pin=request.ended_pin,
        resumes=request.resumes,
        tolerated=_count_tolerated(desired, rows),
        passages=passed,
        intent_digest=digest_intent(desired, request),
        observed_digest=digest_observed(observed),
        hosts=tuple(state.host for state in observed.hosts),
        prepare=plan_prepare(desired, observed, waves),
        changes=tuple(sorted(changes, key=lambda change: change.instance)),
        waves=waves,
        cleanup=() if request.only else plan_cleanup(desired, observed),
        replicas_before=before,
        replicas_healthy=sum(replica.serving for replica in observed.replicas),
        replicas_after=after,
        peak=_count_peak(observed, waves),
        risk=assess_risk(changes, waves, max(before, after), lost=len(request.given_up)),
        moved_images=tuple(find_moved(covered, observed, placed, chooser)),
        mixed_images=tuple(find_mixed(covered, observed, placed, chooser)),
        unverified=tuple(one.name for one in observed.replicas if one.unverified),
        given_up=request.given_up,
        protection=tuple(one for one in request.own if one.path.startswith(_LIMITS)),
        settings=tuple(_untold(request.own, changes)),
        refusals=_refuse(draft, bad),
    )


def _describe_gone(
    gone: Mapping[str, tuple[Replica, ...]], evidence: Evidence
) -> Iterator[Change]:
    return (describe_removal(name, found, evidence) for name, found in gone.items())


def _untold(own: tuple[FieldChange, ...], changes: Sequence[Change]) -> Iterator[FieldChange]:
    """Pick what no limit and no change tells already of what differs in the environment."""
    told = {field.path for change in changes for field in change.fields}
    return (one for one in own if not one.path.startswith(_LIMITS) and one.path not in told)


def _refuse(draft: Draft, bad: list[Quarantined]) -> tuple[Refusal, ...]:
    """Gather what speaks against the plan; `bad` is what failed before and would come again."""
    desired, observed, placed, request = draft.desired, draft.observed, draft.placed, draft.request
    quarantined = refuse_quarantined(bad, request, desired.environment)
    ports = refuse_ports(desired, observed, placed, request, draft.evidence)
    own = refuse_strategies(draft)
    return (*request.refused, *ports, *own, *quarantined, *find_refusals(draft))


def _place(
    desired: Desired, observed: Observed, request: PlanRequest
) -> dict[str, dict[int, str]]:
    """Choose a host for every slot of every instance, each where its replica lives if it may."""
    check_known(desired, observed, request.only | request.restart)
    load = Counter(replica.host for replica in observed.replicas)
    placed: dict[str, dict[int, str]] = {}
    for instance in desired.instances:
        hosts = find_hosts(desired, observed, instance)
        mine = observed.replicas_of(instance.name)
        held = {one.slot: one.host for one in sorted(mine, key=lambda one: one.serving)}
        placed[instance.name] = place_slots(hosts, held, instance.spec.scale.replicas, load)
    return placed


def _compare(
    desired: Desired,
    observed: Observed,
    placed: Mapping[str, Mapping[int, str]],
    request: PlanRequest,
    evidence: Evidence,
    chooser: Chooser,
) -> tuple[list[Change], list[tuple[Stage, ...]], tuple[Passage, ...], list[Quarantined]]:
    """Compare the declared instances: their changes, stages, pauses passed, what failed before."""
    names, changes, rows, refused = Names(desired, observed, chooser), [], [], []
    passed: tuple[Passage, ...] = ()
    for instance in desired.instances:
        if request.covers(instance.name):
            slots = compare_instance(
                instance, observed, placed[instance.name], restart=instance.name in request.restart
            )
            refused.append(find_refused(instance, slots, observed, request))
            changes.append(describe_instance(instance, slots, observed, evidence))
            passages = find_passed(instance, slots, names, request.passages)
            passed += passages
            stages = stage_instance(
                instance, slots, names, passages, resumes=bool(request.resumes)
            )
            rows.append(stages)
    return changes, rows, passed, [one for one in refused if one]


def _unwanted(
    desired: Desired, observed: Observed, request: PlanRequest
) -> dict[str, tuple[Replica, ...]]:
    """Gather the replicas of instances that nobody declares, by instance."""
    wanted = {instance.name for instance in desired.instances}
    names = sorted({one.instance for one in observed.replicas} - wanted)
    return {name: observed.replicas_of(name) for name in names if request.covers(name)}


def _count_tolerated(desired: Desired, rows: list[tuple[Stage, ...]]) -> dict[str, int]:
    """Say for each instance that moves how many may have failed while the rollout goes on."""
    moving = {move.instance for row in rows for stage in row for move in stage.moves}
    return {
        one.name: one.rollout.max_failures
        for one in desired.instances
        if one.name in moving and one.rollout.max_failures
    }


def _in_lockstep(rows: list[tuple[Stage, ...]]) -> tuple[Wave, ...]:
    """Join the first stages of all instances into the first wave, and so on."""
    waves = []
    for column in zip_longest(*rows):
        stages = [one for one in column if one is not None and (one.moves or one.hold)]
        if stages:
            moves = tuple(move for stage in stages for move in stage.moves)
            titles = dict.fromkeys(one for stage in stages for one in stage.titles)
            watched = tuple(pair for stage in stages if stage.hold for pair in stage.watched)
            seconds = max(stage.hold for stage in stages)
            passes = tuple(stage.passage for stage in stages if stage.passage is not None)
            hold = Hold(duration=seconds, replicas=watched, passes=passes) if seconds else None
            waves.append(Wave(title=", ".join(titles), moves=moves, hold=hold))
    return tuple(waves)


def _remove(gone: dict[str, tuple[Replica, ...]]) -> tuple[Wave, ...]:
    """Remove what nobody declares, last."""
    moves = [
        move_away(replica, None, f"{name} is no longer declared")
        for name, replicas in gone.items()
        for replica in replicas
    ]
    return (Wave(title="remove", moves=tuple(moves)),) if moves else ()


def _count_after(observed: Observed, waves: tuple[Wave, ...]) -> int:
    return len(observed.replicas) + sum(_balance(wave) for wave in waves)


def _count_peak(observed: Observed, waves: tuple[Wave, ...]) -> int:
    """Count the most replicas that run at one time."""
    running = {replica.name for replica in observed.replicas if replica.state == "running"}
    peak = len(running)
    for wave in waves:
        for part in ("prepare", "finish"):
            steps = [step for move in wave.moves for step in getattr(move, part)]
            if part == "finish":
                running -= {step.name for step in steps if step.kind == "stop-replica"}
            running |= {step.name for step in steps if step.kind == "start-replica"}
            peak = max(peak, len(running))
    return peak


def _balance(wave: Wave) -> int:
    steps = [step for move in wave.moves for step in move.steps]
    created = sum(step.kind == "create-replica" for step in steps)
    return created - sum(step.kind == "remove-replica" for step in steps)

"""What the terminal, the comment and a reader of either call the parts of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentgit.errors import Problem
from agentgit.model.change import FieldChange
from agentgit.model.effect import Comparison, Effect, EffectCause, Way
from agentgit.model.origin import Origin
from agentgit.report.wording import count

CLASSES = (
    "agent", "prompt", "model", "tools", "knowledge", "config", "card", "image", "container",
    "process", "scale", "placement", "rollout", "policy", "labels", "host",
)  # fmt: skip


def symbol_of(cause: EffectCause) -> str:
    """`+` new, `-` goes, `±` another number of replicas, `~` anything else."""
    if cause.kind != "change":
        return {"create": "+", "remove": "-"}[cause.kind]
    fields = [field for way in cause.ways for field in way.fields]
    return "±" if all(field.change_class == "scale" for field in fields) else "~"


def word_counts(effect: Effect, arrow: str = "->") -> Iterator[str]:
    """Say what happens in numbers: `12 of 214 instances change`, `10 replaced`, `1 new`."""
    changed = [one for one in effect.instances if one.kind == "change"]
    new = sum(one.kind == "create" for one in effect.instances)
    removed = sum(one.kind == "remove" for one in effect.instances)
    replaced = sum(one.replaces for one in changed)
    scaled = sum(not one.replaces and one.replicas_before != one.replicas_after for one in changed)
    if effect.kind != "change":
        replicas = effect.replicas_after or effect.replicas_before
        word = "new environment" if effect.kind == "create" else "environment removed"
        yield f"{word}, {count(effect.total, 'instance')}, {count(replicas, 'replica')}"
        return
    if not effect.instances:
        yield "no instance changes"
        return
    verb = "changes" if len(effect.instances) == 1 else "change"
    yield f"{len(effect.instances)} of {count(effect.total, 'instance')} {verb}"
    if replaced:
        yield f"{replaced} replaced"
    if scaled:
        yield f"{scaled} scaled"
    if len(changed) > replaced + scaled:
        yield f"{len(changed) - replaced - scaled} without new replicas"
    if new:
        yield f"{new} new"
    if removed:
        yield f"{removed} removed"
    if effect.replicas_before != effect.replicas_after:
        yield f"{effect.replicas_before} {arrow} {count(effect.replicas_after, 'replica')}"


def word_classes(fields: Sequence[FieldChange]) -> str:
    """Say what changes are about: `prompt, model`."""
    found = {field.change_class for field in fields}
    return ", ".join(name for name in CLASSES if name in found)


def word_reach(cause: EffectCause) -> str:
    """Say whom a cause reaches: `changes 214 instances in 2 ways`, `creates 3 instances`."""
    names = cause.instances
    if not names:
        return "changes the environment"
    verb = {"change": "changes", "create": "creates", "remove": "removes"}[cause.kind]
    ways = f" in {len(cause.ways)} ways" if len(cause.ways) > 1 else ""
    return f"{verb} {count(len(names), 'instance')}{ways}"


def word_place(cause: EffectCause, *, column: bool = True) -> str:
    """Name the place, a range of lines for a text; unsafe text."""
    first = cause.places[0]
    lines = next((one.lines for way in cause.ways for one in way.fields if one.lines), None)
    if lines is not None and lines[1] > lines[0]:
        return f"{first.path}:{lines[0]}-{lines[1]}"
    return str(first if column else first.model_copy(update={"column": 0})) or "said nowhere"


def word_more_places(cause: EffectCause) -> str:
    """Say how many other places do the very same, and whether the place is gone."""
    words = [f"and {len(cause.places) - 1} more files"] if len(cause.places) > 1 else []
    words += ["(gone)"] if cause.gone and cause.kind == "change" else []
    return " ".join(words).replace("1 more files", "1 more file")


def was_elsewhere(field: FieldChange) -> Origin | None:
    """Give the place that decided before, where that is another file than now."""
    return field.was if field.origin is not None else None


def all_fields(effect: Effect) -> list[FieldChange]:
    """List every difference of an environment once for each way."""
    return [field for cause in effect.causes for way in cause.ways for field in way.fields]


def describe_new(effect: Effect, way: Way) -> tuple[str, str]:
    """Say what comes or goes: the agent, unsafe text, and `3 replicas`."""
    names = set(way.instances)
    some = [one for one in effect.instances if one.instance in names]
    replicas = sum(one.replicas_after or one.replicas_before for one in some)
    return some[0].agent if some else "", count(replicas, "replica")


def group_problems(
    comparison: Comparison, *, newer: bool
) -> Mapping[tuple[Problem, ...], Sequence[str]]:
    """Gather the environments in which the very same is wrong with one side."""
    groups: dict[tuple[Problem, ...], list[str]] = {}
    for effect in comparison.effects:
        problems = effect.problems_after if newer else effect.problems_before
        if problems:
            groups.setdefault(problems, []).append(effect.environment)
    return groups


def is_broken(comparison: Comparison) -> bool:
    """Whether the newer side is wrong somewhere."""
    return any(effect.problems_after for effect in comparison.effects)

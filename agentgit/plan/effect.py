"""Two desired states of one environment in, what lies between them out: the heart of `diff`.

Nothing of what runs is looked at. Equal instances are passed over at once; for the others every
value that matters on the environment's engines is compared, policy too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentgit.model.change import FieldChange
from agentgit.model.container import FOR_PROCESS
from agentgit.model.desired import Desired, Instance
from agentgit.model.effect import Effect, InstanceEffect
from agentgit.model.spec import AgentSpec
from agentgit.model.value import Json, Path, dotted
from agentgit.plan.effect_causes import group_by_cause
from agentgit.plan.field_facts import classify, find_forced
from agentgit.plan.fields import MISSING, Side, describe, look_up
from agentgit.plan.origins import Places, Sides, locate_agent

_SHOWN_WHOLE = frozenset({"scale", "placement", "rollout"})  # their defaults say something


def compare_desired(
    before: Desired | None,
    after: Desired | None,
    then: Places,
    now: Places,
    unchanged: Sequence[int] = (),
) -> Effect:
    """Compare two sides of an environment; one of them may not have it.

    `unchanged` are the numbers of replicas of instances that both have and neither side lists.
    """
    sides = [side for side in (before, after) if side is not None]
    old = {one.name: one for one in before.instances} if before else {}
    new = {one.name: one for one in after.instances} if after else {}
    kinds = _engines(sides)
    effects: list[InstanceEffect] = []
    for name in sorted({*old, *new}):
        one, other = old.get(name), new.get(name)
        if one is not None and other is not None:
            if _is_equal(one, other):
                continue
            fields = _compare(one, other, kinds, then, now)
            if fields:
                effects.append(_change(one, other, kinds, fields))
        elif other is not None:
            effects.append(_appear("create", other))
        elif one is not None:
            effects.append(_appear("remove", one))
    own = compare_environments(before, after, then, now) if before and after else ()
    return Effect(
        environment=sides[0].environment,
        kind="create" if before is None else "remove" if after is None else "change",
        total=len({*old, *new}) + len(unchanged),
        replicas_before=sum(one.spec.scale.replicas for one in old.values()) + sum(unchanged),
        replicas_after=sum(one.spec.scale.replicas for one in new.values()) + sum(unchanged),
        instances=tuple(effects),
        causes=group_by_cause(tuple(effects), own),
    )


def _is_equal(before: Instance, after: Instance) -> bool:
    """Compare the digests first: they tell most of what differs."""
    return (
        before.agent == after.agent
        and before.revision == after.revision
        and before.process_revision == after.process_revision
        and before.rollout == after.rollout
        and before.labels == after.labels
        and before.schema_digest == after.schema_digest
        and before.spec == after.spec
    )


def _engines(sides: list[Desired]) -> frozenset[str]:
    """What replicas may be: containers, processes, or both where an engine is found later."""
    engines = {host.engine for side in sides for host in side.hosts.values()}
    kinds = {"container", "process"} if "auto" in engines else set()
    kinds |= {"process"} if "process" in engines else set()
    kinds |= {"container"} if engines & {"docker", "podman"} else set()
    return frozenset(kinds)


def _change(
    before: Instance, after: Instance, kinds: frozenset[str], fields: tuple[FieldChange, ...]
) -> InstanceEffect:
    container = "container" in kinds and before.revision != after.revision
    process = "process" in kinds and before.process_revision != after.process_revision
    return InstanceEffect(
        kind="change",
        instance=after.name,
        agent=after.agent,
        path=after.path,
        replicas_before=before.spec.scale.replicas,
        replicas_after=after.spec.scale.replicas,
        replaces=container or process,
        fields=fields,
    )


def _appear(kind: str, instance: Instance) -> InstanceEffect:
    replicas = instance.spec.scale.replicas
    return InstanceEffect.model_validate({
        "kind": kind,
        "instance": instance.name,
        "agent": instance.agent,
        "path": instance.path,
        "replicas_after" if kind == "create" else "replicas_before": replicas,
    })  # fmt: skip


def _compare(
    before: Instance, after: Instance, kinds: frozenset[str], then: Places, now: Places
) -> tuple[FieldChange, ...]:
    blocks = {
        name
        for name in AgentSpec.model_fields
        if getattr(before.spec, name) != getattr(after.spec, name)
    }
    if before.source_digest != after.source_digest:
        blocks.add("process")
    blocks.discard("config_schema")  # where it lies does not matter
    if before.schema_digest != after.schema_digest:
        blocks.add("config_schema")
    sides = Sides(after.name, then, now, renamed=before.agent != after.agent)
    old, new = (Side(one, _content(one, kinds, blocks)) for one in (before, after))
    paths = sorted(_differing(old.content, new.content))
    agent = (locate_agent(before.agent, after.agent, sides),) if sides.renamed else ()
    return (*agent, *(describe(path, old, new, sides) for path in paths))


def _content(instance: Instance, kinds: frozenset[str], blocks: set[str]) -> Mapping[str, Json]:
    """Give what has an effect in some blocks, as the user writes it; policy and labels too."""
    content: dict[str, Json] = instance.spec.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, include=blocks - _SHOWN_WHOLE,
        exclude={"instructions": {"file"}, "model": {"ref"}, "knowledge": {"__all__": {"ref"}}},
    )  # fmt: skip
    content |= instance.spec.model_dump(
        mode="json", by_alias=True, include=blocks & _SHOWN_WHOLE, exclude={"rollout"}
    )
    content["rollout"] = instance.rollout.model_dump(mode="json", by_alias=True)
    content["labels"] = dict(instance.labels)
    if "process" not in kinds:
        content.pop("process", None)
    elif "process" in content and instance.source_digest:
        source = f"{content['process']['source']} ({instance.source_digest[:8]})"
        content["process"]["source"] = source
    if "file" in (content.get("configSchema") or {}):  # what is in it counts, as for a folder
        file = f"{content['configSchema']['file']} ({instance.schema_digest[:8]})"
        content["configSchema"] = {"file": file}
    if "container" not in kinds and content.get("container"):
        container = content["container"]
        content["container"] = {key: container[key] for key in container if key in FOR_PROCESS}
    return content


def _differing(old: Json, new: Json, path: Path = ()) -> Iterator[Path]:
    """Find the paths of maps that differ; a list is one value, however long."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {*old, *new}:
            before, after = old.get(key, MISSING), new.get(key, MISSING)
            if before is after:
                continue
            if isinstance(before, dict) and after is MISSING:
                after = {}
            if isinstance(after, dict) and before is MISSING:
                before = {}
            yield from _differing(before, after, (*path, key))
    elif old != new or type(old) is not type(new):
        yield path


def compare_environments(
    before: Desired, after: Desired, then: Places, now: Places
) -> tuple[FieldChange, ...]:
    """List what differs in the environment itself: its hosts, what it follows, allows and keeps.

    What it extends and its vars are told by the values that they change.
    """
    old, new = _environment_content(before), _environment_content(after)
    found = []
    for path in sorted(_differing(old, new)):
        value, after = look_up(old, path), look_up(new, path)
        has = after is not MISSING
        origin = now.environment_place(path) if has else None
        found.append(
            FieldChange(
                path=dotted(path),
                change_class=classify(path),
                had=value is not MISSING,
                before=None if value is MISSING else value,
                has=has,
                after=after if has else None,
                origin=origin,
                was=None if origin else then.environment_place(path),
                forces=find_forced(path),
            )
        )
    return tuple(found)


def _environment_content(desired: Desired) -> Mapping[str, Json]:
    hosts = {
        name: host.model_dump(mode="json", by_alias=True, exclude_none=True)
        for name, host in desired.hosts.items()
    }
    source = {"branch": desired.branch} if desired.branch else {}
    protection = desired.protection.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "hosts": hosts,
        "source": source,
        "protection": protection,
        "keepRevisions": desired.keep_revisions,
    }

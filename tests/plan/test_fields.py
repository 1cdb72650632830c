"""The fields of a plan: what matters on an engine, and the file that changed in a folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agentgit.compile.build import compile_environment
from agentgit.compile.trace import Tracer
from agentgit.model.change import FieldChange
from agentgit.model.desired import Instance
from agentgit.model.observed import EngineKind, HostState, Live, Observed, Replica
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.plan.changes import describe_instance
from agentgit.plan.compare import SlotChange
from agentgit.plan.fields import compare_fields
from agentgit.plan.origins import Sides
from agentgit.plan.request import NoEvidence

AGENT = "global/agents/support.yaml"
SPEC = """kind: Agent
metadata: {name: support}
spec:
  process: {source: ../../src, command: [run]}
  container: {image: one}
"""
FILES = {
    "agentgit.yaml": "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: acme}\n"
    "spec: {id: 0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11}\n",
    "environments/production/environment.yaml": "kind: Environment\nmetadata: {name: production}\n"
    "spec:\n  hosts:\n    eu-1: {engine: auto}\n",
    "environments/production/instances/one.yaml": "kind: Instance\nmetadata: {name: one}\n"
    "spec: {agent: support}\n",
    AGENT: SPEC,
    "src/run": "1",
    "src/lib": "1",
}


def compare(
    after: Mapping[str, str | None],
    engines: Collection[EngineKind],
    before: Mapping[str, str | None] | None = None,
) -> dict[str, FieldChange]:
    sides = [make(before or {}), make(after)]
    found = [compile_environment(one, "production") for one in sides]
    then, now = (Tracer(one, two) for one, two in zip(sides, found, strict=True))
    old, new = (one.instances[0] for one in found)
    fields = compare_fields(old, new, Sides("one", then, now), engines)
    return {field.path: field for field in fields}


def make(edits: Mapping[str, str | None]) -> Snapshot:
    files = {path: text.encode() for path, text in {**FILES, **edits}.items() if text is not None}
    return Snapshot(None, {path: Entry("100644", path) for path in files}, files.__getitem__)


class Evidence(NoEvidence):
    """Knows one commit before and the one that is planned."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.then = compile_environment(before, "production")
        self.now = compile_environment(after, "production")
        self._tracers = (Tracer(before, self.then), Tracer(after, self.now))
        self.past = self.then.instances[0].model_copy(update={"commit": "then"})

    def before(self, replica: Replica) -> Instance | None:
        return self.past if replica.instance == self.past.name else None

    def places(self, instance: Instance) -> Tracer:
        return self._tracers[0 if instance.commit else 1]


def describe_moved(
    after: Mapping[str, str | None], *engines: EngineKind, supports: frozenset[str] = frozenset()
) -> dict[str, FieldChange]:
    """Describe a replica that is replaced, from the first host to the last."""
    evidence = Evidence(make({}), make(after))
    instance = evidence.now.instances[0]
    hosts = tuple(
        HostState(host=f"host-{number}", engine=engine, supports=supports)
        for number, engine in enumerate(engines)
    )
    replica = Replica(
        host=hosts[0].host, id="1", name="one-1", instance="one", agent="support", slot=1,
        revision=evidence.past.revision, commit="then", state="running",
        live=Live(restart="unless-stopped"),
    )  # fmt: skip
    slot = SlotChange(slot=1, action="replace", host=hosts[-1].host, old=(replica,))
    observed = Observed(environment="production", hosts=hosts)
    change = describe_instance(instance, (slot,), observed, evidence)
    assert change.ends == 1
    return {field.path: field for field in change.fields}


def test_from_a_container_to_a_process() -> None:
    edit = {AGENT: SPEC.replace("[run]", "[walk]").replace("one", "two")}
    assert list(describe_moved(edit, "docker", "process")) == [
        "container.image",
        "process.command",
    ]
    assert list(describe_moved(edit, "docker")) == ["container.image"]


def test_what_an_engine_cannot_change_in_place_is_replaced() -> None:
    edit = {AGENT: SPEC.replace("{image: one", "{image: one, restart: always")}
    (field,) = describe_moved(edit, "docker").values()
    assert (field.path, field.forces) == ("container.restart", "replace")
    assert str(field.origin) == f"{AGENT}:5:36"
    (field,) = describe_moved(edit, "docker", supports=frozenset({"update"})).values()
    assert field.forces == "in-place"


def test_a_folder_names_the_file_that_changed() -> None:
    field = compare({"src/run": "2"}, {"process"})["process.source"]
    assert (str(field.origin), field.files, field.forces) == ("src/run", ("src/run",), "replace")
    assert str(field.before).startswith("src (")
    assert field.before != field.after


def test_a_file_that_is_gone_from_a_folder() -> None:
    field = compare({"src/lib": None}, {"process"})["process.source"]
    assert (field.origin, str(field.was), field.files) == (None, "src/lib", ("src/lib",))


def test_another_folder_is_decided_by_who_names_it() -> None:
    edit = {AGENT: SPEC.replace("../../src", "../../lib"), "lib/run": "1"}
    field = compare(edit, {"process"})["process.source"]
    assert (str(field.origin), field.files) == (f"{AGENT}:4:21", ())


def test_what_an_engine_does_not_use_is_left_out() -> None:
    edit = {AGENT: SPEC.replace("[run]", "[walk]").replace("one", "two"), "src/run": "2"}
    assert list(compare(edit, {"docker"})) == ["container.image"]
    assert list(compare(edit, {"process"})) == ["process.command", "process.source"]


def test_a_replica_that_moves_to_another_engine_has_both() -> None:
    edit = {AGENT: SPEC.replace("[run]", "[walk]").replace("one", "two")}
    assert list(compare(edit, {"docker", "process"})) == ["container.image", "process.command"]


def test_a_value_that_a_layer_spells_out_is_no_missing_one() -> None:
    def volume(access: str) -> dict[str, str | None]:
        data = f"{{image: one, volumes: {{/data: {{name: data, access: {access}}}}}}}"
        return {AGENT: SPEC.replace("{image: one}", data)}

    (field,) = compare(volume("perSlot"), {"docker"}, volume("exclusive")).values()
    assert (field.before, field.after, field.has) == ("exclusive", "perSlot", True)
    assert str(field.origin) == f"{AGENT}:5:65"

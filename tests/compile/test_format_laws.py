"""Laws of what the format adds to merging: each is only another way to write the same thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.document import resolved_document
from agentgit.compile.explain import explain_instance
from agentgit.compile.layout import layers_of, list_instances
from agentgit.errors import ConfigError, UsageError
from agentgit.model.desired import Desired
from agentgit.model.observed import HostState
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.plan.replicas import compile_document

Files = dict[str, str]
Texts = Mapping[str, Any]
FEW = settings(max_examples=40, deadline=None)
PROJECT = (
    "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: acme}\n"
    "spec: {id: 0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11}\n"
)


def document(kind: str, name: str, spec: object) -> str:
    return f"kind: {kind}\nmetadata: {{name: {name}}}\nspec: {json.dumps(spec)}\n"


def fleet(
    *, agent: Texts | None = None, instance: Texts | None = None, environment: Texts | None = None
) -> Files:
    return {
        "agentgit.yaml": PROJECT,
        "global/agents/support.yaml": document(
            "Agent", "support", {"container": {"image": "a"}, **(agent or {})}
        ),
        "environments/production/environment.yaml": document(
            "Environment", "production", {"hosts": {"l": {}}, **(environment or {})}
        ),
        "environments/production/instances/one.yaml": document(
            "Instance", "one", {"agent": "support", **(instance or {})}
        ),
    }


def snapshot(files: Files) -> Snapshot:
    entries = {path: Entry("100644", path) for path in files}
    return Snapshot(None, entries, lambda path: files[path].encode())


def compiled(files: Files) -> Desired:
    return compile_environment(snapshot(files), "production")


def specs(files: Files) -> dict[str, tuple[str, object]]:
    return {
        one.name: (one.revision, resolved_document(one)["spec"])
        for one in compiled(files).instances
    }


def assert_explained(files: Files) -> None:
    """Every chain leads to a value that is there, and its winner says that value."""
    for one in compiled(files).instances:
        explained = explain_instance(snapshot(files), "production", one.name)
        assert explained.instance == one
        for path, chain in explained.chains.items():
            found: Any = explained.value
            for key in path:
                found = found[key]
            assert chain[0].state == "set"
            if path[0] in {"config", "model"}:
                assert (path, chain[0].value) == (path, found)
        for path in explained.removed:
            assert path not in explained.chains


WORDS = st.text(st.sampled_from("ab -.:$x"), max_size=5)
PLAIN = st.one_of(st.integers(-9, 9), st.booleans(), st.floats(-1, 1).map(lambda x: round(x, 2)))
SCALARS = st.one_of(PLAIN, WORDS.filter(lambda text: "${" not in text))
KEYS = st.sampled_from(["a", "b", "c", "d"])
VARS = st.dictionaries(KEYS, SCALARS, min_size=1, max_size=4)


@given(VARS)
@FEW
def test_a_reference_is_the_value_it_refers_to(values: dict[str, object]) -> None:
    """An exact reference keeps the type; in text it is what YAML wrote."""
    literal = fleet(agent={"config": {**values, "list": [*values.values()]}})
    config = {key: f"${{vars.{key}}}" for key in values}
    referring = fleet(
        agent={"config": {**config, "list": [*config.values()]}}, environment={"vars": values}
    )
    assert specs(referring) == specs(literal)
    assert_explained(referring)


@given(st.lists(st.one_of(WORDS, KEYS.map(lambda key: f"${{vars.{key}}}")), max_size=5))
@FEW
def test_text_is_filled_piece_by_piece(pieces: list[str]) -> None:
    values = {"a": "one", "b": 2, "c": True, "d": "$${"}
    texts = {"a": "one", "b": "2", "c": "true", "d": "$${"}
    values["d"] = texts["d"] = "$"
    expected = "".join(texts[p[7]] if p.startswith("${") else p for p in pieces)
    written = "x" + "|".join(pieces)
    expected = "x" + "|".join(texts[p[7]] if p.startswith("${vars") else p for p in pieces)
    files = fleet(agent={"config": {"text": written}}, environment={"vars": values})
    (one,) = compiled(files).instances
    assert one.spec.config["text"] == expected


@given(st.text(st.sampled_from("$${}ab."), max_size=12))
@FEW
def test_any_text_can_be_written_literally(text: str) -> None:
    files = fleet(agent={"config": {"text": text.replace("${", "$${")}})
    (one,) = compiled(files).instances
    assert one.spec.config["text"] == text


LEVEL = st.dictionaries(KEYS, st.integers(0, 3), max_size=3)


@given(st.lists(LEVEL, min_size=1, max_size=4), LEVEL)
@FEW
def test_extending_is_having_more_layers(
    levels: list[dict[str, int]], own: dict[str, int]
) -> None:
    expected: dict[str, int] = {}
    files = fleet(instance={"config": own})
    names = [*(f"parent-{number}" for number in range(len(levels) - 1)), "production"]
    for number, (name, level) in enumerate(zip(names, levels, strict=True)):
        expected |= level
        spec: dict[str, object] = {"hosts": {"l": {}}, "vars": level}
        if number:
            spec["extends"] = names[number - 1]
        files[f"environments/{name}/environment.yaml"] = document("Environment", name, spec)
        files[f"environments/{name}/defaults.yaml"] = document(
            "AgentDefaults", "defaults", {"config": level}
        )
    (one,) = compiled(files).instances
    assert one.spec.config == {**expected, **own}
    layers = layers_of(snapshot(files), "production", "one")
    assert [layer.path.split("/")[1] for layer in layers[2:-1:2]] == names
    assert_explained(files)


@given(st.lists(st.sampled_from(["x", "z", "w"]), min_size=1, max_size=3, unique=True),
       st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True))  # fmt: skip
@FEW
def test_a_set_is_its_instances_written_by_hand(tenants: list[str], counts: list[int]) -> None:
    by_hand = fleet()
    by_set = fleet()
    for files in (by_hand, by_set):
        del files["environments/production/instances/one.yaml"]
    for tenant in tenants:
        for count in counts:
            name = f"a-{tenant}-{count}"
            spec = {
                "agent": "support",
                "scale": {"replicas": count},
                "config": {"who": f"{tenant} in production", "count": count},
            }
            path = f"environments/production/instances/{name}.yaml"
            by_hand[path] = document("Instance", name, spec)
    template = {
        "scale": {"replicas": "${count}"},
        "config": {"who": "${tenant} in ${environment.name}", "count": "${count}"},
    }
    rest = {"agent": "support", "name": "a-${tenant}-${count}", "template": template}
    listed = [{"tenant": tenant, "count": count} for tenant in tenants for count in counts]
    for choice in ({"matrix": {"tenant": tenants, "count": counts}}, {"list": listed}):
        path = "environments/production/instances/many.yaml"
        by_set[path] = document("InstanceSet", "many", {**rest, **choice})
        assert specs(by_set) == specs(by_hand)
        assert list_instances(snapshot(by_set), "production") == tuple(sorted(specs(by_hand)))
        labels = {one.name: one.labels for one in compiled(by_set).instances}
        assert labels[f"a-{tenants[0]}-{counts[0]}"] == {
            "tenant": tenants[0], "count": str(counts[0]),
        }  # fmt: skip
    assert_explained(by_set)


PARAMS = st.dictionaries(KEYS, st.one_of(st.integers(0, 2), st.none()), max_size=3)


@given(LEVEL, PARAMS, PARAMS)
@FEW
def test_a_named_definition_is_the_lowest_layer(
    entry: dict[str, int], lower: dict[str, Any], upper: dict[str, Any]
) -> None:
    """Whatever layers say, naming a model is having written it below all of them."""
    definition = {"provider": "p", "id": "i", "params": entry}
    inline = fleet(agent={"model": {"params": lower}}, instance={"model": {"params": upper}})
    inline["global/defaults.yaml"] = document("AgentDefaults", "defaults", {"model": definition})
    named = fleet(
        agent={"model": {"ref": "m", "params": lower}}, instance={"model": {"params": upper}}
    )
    named["global/catalog.yaml"] = document("Catalog", "c", {"models": {"m": definition}})
    (one,), (other,) = compiled(inline).instances, compiled(named).instances
    assert one.revision == other.revision
    assert one.process_revision == other.process_revision
    assert one.spec.model is not None
    assert other.spec.model == one.spec.model.model_copy(update={"ref": "m"})
    assert_explained(named)
    assert len(validate_project(snapshot(named))) == len(validate_project(snapshot(inline)))


def test_only_knows_rendered_instances() -> None:
    files = fleet()
    files["environments/production/instances/many.yaml"] = document(
        "InstanceSet", "many", {"agent": "support", "matrix": {"k": [1, 2]}, "name": "m-${k}"}
    )
    found = compile_environment(snapshot(files), "production", only=("m-2",))
    assert [one.name for one in found.instances] == ["m-2"]
    assert found.instances[0].path == "environments/production/instances/many.yaml"
    with pytest.raises(UsageError) as caught:
        compile_environment(snapshot(files), "production", only=("m-3",))
    assert caught.value.hint is not None
    assert "m-" in caught.value.hint
    with pytest.raises(UsageError, match="there is no instance many in production"):
        explain_instance(snapshot(files), "production", "many")


def test_an_instance_is_found_though_its_own_file_is_wrong() -> None:
    files = fleet(instance={"scal": 1})
    with pytest.raises(ConfigError, match="unknown key scal"):
        compile_environment(snapshot(files), "production", only=("one",))


def broken(files: Files) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate_project(snapshot(files))
    return [problem.message for problem in caught.value.problems]


def test_references_cannot_make_a_small_file_huge() -> None:
    values = {"big": "x" * 400_000}
    lists = fleet(agent={"config": {"l": ["${vars.big}"] * 9}}, environment={"vars": values})
    text = fleet(agent={"config": {"t": " ${vars.big}" * 9}}, environment={"vars": values})
    for files in (lists, text):
        message = "references put more than 1048576 characters into one instance"
        assert set(broken(files)) == {message}


def test_a_set_cannot_make_a_small_file_huge() -> None:
    files = fleet()
    spec = {
        "agent": "support", "name": "m-${k}", "matrix": {"k": [*range(9_000)]},
        "template": {"config": {"t": "${k}" + "x" * 50_000}},
    }  # fmt: skip
    files["environments/production/instances/many.yaml"] = document("InstanceSet", "many", spec)
    assert broken(files)[0].startswith("9000 instances of a template of")


@pytest.mark.parametrize("text", ["${", "${" * 20_000, "${vars." * 9_000])
def test_hostile_references_end(text: str) -> None:
    files = fleet(agent={"config": {"t": text}})
    assert len(broken(files)) == 1


def test_many_wrong_references_in_a_value_are_not_all_reported() -> None:
    text = " ".join(f"${{vars.n{number}}}" for number in range(3_000))
    assert len(broken(fleet(agent={"config": {"t": text}}))) == 10


def test_one_bad_reference_of_many_instances_is_one_problem() -> None:
    files = fleet(agent={"config": {"t": "${vars.x}"}})
    for number in range(30):
        files[f"environments/production/instances/i{number}.yaml"] = document(
            "Instance", f"i{number}", {"agent": "support"}
        )
    assert broken(files) == ["there is nothing called vars.x"]


def test_files_without_a_set_or_a_reference_mean_what_they_meant(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    (one,) = compile_environment(make_snapshot(), "production").instances
    assert one.spec.knowledge == {}
    assert one.spec.model is not None
    assert one.spec.model.ref is None


def test_names_of_the_catalog_are_not_in_the_revision_and_what_they_name_is() -> None:
    catalog = {
        "models": {"m": {"provider": "p", "id": "i"}, "n": {"provider": "p", "id": "i"}},
        "mcpServers": {"s": {"url": "https://s"}},
        "knowledge": {"k": {"uri": "u"}, "l": {"uri": "u"}},
    }

    def revision(model: str, source: str, **entries: object) -> tuple[str, str]:
        files = fleet(
            agent={
                "model": {"ref": model},
                "tools": {"t": {"mcpServer": "s"}},
                "knowledge": {"doc": {"ref": source}},
            }
        )
        files["global/catalog.yaml"] = document("Catalog", "c", {**catalog, **entries})
        (one,) = compiled(files).instances
        return one.revision, one.process_revision

    today = revision("m", "k")
    assert revision("n", "l") == today
    changed = (
        revision("m", "k", models={"m": {"provider": "p", "id": "j"}}),
        revision("m", "k", mcpServers={"s": {"url": "https://z"}}),
        revision("m", "k", knowledge={"k": {"uri": "v"}}),
    )
    assert all(one[0] != today[0] and one[1] != today[1] for one in changed)


def test_a_replica_reads_what_the_catalog_says() -> None:
    files = fleet(
        agent={"model": {"ref": "m"}, "tools": {"t": {"mcpServer": "s"}}, "knowledge": ["k"]}
    )
    without = compiled(fleet(agent={"config": {"a": 1}}))
    host = HostState(host="l", engine="process")
    assert "knowledge" not in compile_document(without, without.instances[0], host)
    files["global/catalog.yaml"] = document(
        "Catalog", "c",
        {
            "models": {"m": {"provider": "p", "id": "i", "params": {"t": 1}}},
            "mcpServers": {"s": {"url": "https://${instance.name}"}},
            "knowledge": {"k": {"uri": "u", "description": "d"}},
        },
    )  # fmt: skip
    desired = compiled(files)
    read = compile_document(desired, desired.instances[0], host)
    assert read["model"] == {"provider": "p", "id": "i", "params": {"t": 1}}
    assert read["tools"]["t"]["server"]["url"] == "https://one"
    assert read["knowledge"] == {"k": {"uri": "u", "description": "d", "mimeType": ""}}

"""The rules of merging, one by one, and the laws they add up to."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.compile.document import emit_yaml
from agentgit.compile.merge import merge, merge_layers
from agentgit.compile.notes import Notes
from agentgit.compile.origins import Recorder, leaves
from agentgit.compile.tree import MapNode, to_plain
from agentgit.model.value import Json
from tests.layers import SHAPE, read_layer


def fold(texts: Sequence[str]) -> tuple[Json, Notes, Recorder, MapNode]:
    recorder = Recorder()
    notes = Notes(recorder)
    layers = tuple(read_layer(text, f"{number}.yaml") for number, text in enumerate(texts))
    merged = merge_layers(layers, SHAPE, notes).tree
    cheap = merge_layers(layers, SHAPE, Notes()).tree
    assert to_plain(cheap) == to_plain(merged)  # one merge, with and without a record
    return to_plain(merged), notes, recorder, merged


@pytest.mark.parametrize(
    ("layers", "value"),
    [
        # maps merge, scalars are replaced
        (["model: {id: a, params: {t: 1, u: 2}}", "model: {params: {t: 3}}"],
         {"model": {"id": "a", "params": {"t": 3, "u": 2}}}),
        # plain lists are replaced as a whole
        (["container: {cap_drop: [A, B]}", "container: {cap_drop: [C]}"],
         {"container": {"cap_drop": ["C"]}}),
        (["config: {a: [1, {b: 2}]}", "config: {a: [3]}"], {"config": {"a": [3]}}),
        # keyed lists merge as maps, base order first
        (["container: {environment: [A=1, B=2]}", "container: {environment: {B: 3, C: 4}}"],
         {"container": {"environment": {"A": "1", "B": "3", "C": "4"}}}),
        (['container: {ports: ["8080:80"]}', "container: {ports: {p80: {published: 81}}}"],
         {"container": {"ports": {"p80": {"target": 80, "published": 81}}}}),
        # alternatives remove their siblings
        (["instructions: {file: a}", "instructions: {text: b}"], {"instructions": {"text": "b"}}),
        (["instructions: {text: b}", "instructions: {file: a}"], {"instructions": {"file": "a"}}),
        (["tools: {x: {mcpServer: a, allowedTools: [b]}}", "tools: {x: {agent: c}}"],
         {"tools": {"x": {"agent": "c", "allowedTools": ["b"]}}}),
        (["rollout: careful", "rollout: {maxSurge: 2}"], {"rollout": {"maxSurge": 2}}),
        (["rollout: {maxSurge: 2}", "rollout: careful"], {"rollout": "careful"}),
        (["rollout: {maxSurge: 2}", "rollout: {maxUnavailable: 1}"],
         {"rollout": {"maxSurge": 2, "maxUnavailable": 1}}),
        # process and container are no alternatives
        (["container: {image: a}", "process: {source: b}"],
         {"container": {"image": "a"}, "process": {"source": "b"}}),
        # null deletes, and a higher layer may set again
        (["scale: {replicas: 3}", "scale: null"], {}),
        (["config: {a: 1, b: 2}", "config: {a: null}", "config: {a: 3}"],
         {"config": {"b": 2, "a": 3}}),
        (["container: {environment: {A: 1}}", "container: {environment: {A: null}}"],
         {"container": {"environment": {}}}),
        (["config: {a: {b: 1}}", "config: {a: null}", "config: {a: text}"],
         {"config": {"a": "text"}}),
        # a line and its words are the same thing
        (["container: {command: [a, b]}", "container: {command: c d}"],
         {"container": {"command": ["c", "d"]}}),
        # null inside a list is a value of that list
        (["config: {a: [null, {b: null}]}"], {"config": {"a": [None, {"b": None}]}}),
    ],
)  # fmt: skip
def test_a_rule(layers: list[str], value: Json) -> None:
    found, notes, _, _ = fold(layers)
    assert found == value
    assert notes.problems == []
    assert notes.warnings == ()


def test_base_order_first_then_new_items() -> None:
    found, *_ = fold(["config: {b: 1, a: 2}", "config: {c: 3, a: 4}"])
    assert list(found["config"]) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("lower", "upper", "message", "places"),
    [
        ("config: {a: 1}", "config: {a: {b: 2}}",
         "config.a is a map here and a single value in a lower layer", ("1:13", "1:13")),
        ("config: {a: {b: 2}}", "config: {a: [1]}",
         "config.a is a list here and a map in a lower layer", ("1:13", "1:13")),
        ("config:\n  a:\n    - 1\n", "config:\n  x: 0\n  a: 1\n",
         "config.a is a single value here and a list in a lower layer", ("3:6", "2:3")),
    ],
)  # fmt: skip
def test_a_clash_of_types_shows_both_places(
    lower: str, upper: str, message: str, places: tuple[str, str]
) -> None:
    _, notes, _, _ = fold([lower, upper])
    (problem,) = notes.problems
    assert problem.message == message
    assert str(problem.location) == f"1.yaml:{places[0]}"
    ((role, where),) = problem.also
    assert (role, str(where)) == ("the lower layer", f"0.yaml:{places[1]}")
    assert problem.hint is not None
    assert problem.hint.endswith("or !replace before the value to forget what is below")


def test_deleting_what_nobody_set_is_a_warning() -> None:
    _, notes, _, _ = fold(["config: {after_turns: 1}", "config: {after_turn: null, x: {z: null}}"])
    first, second = notes.warnings
    assert str(first.location) == "1.yaml:1:10"
    assert first.message == "null removes config.after_turn, which no lower layer sets"
    assert first.hint == "did you mean after_turns?"
    assert second.message == "null removes config.x.z, which no lower layer sets"


def test_deleting_something_for_some_instances_is_no_warning() -> None:
    deleting = read_layer("config: {a: null}")
    notes = Notes()
    for lower in ("config: {a: 1}", "config: {b: 1}"):
        merge(read_layer(lower), deleting, SHAPE, notes)
    assert notes.warnings == ()


def test_neither_layer_is_changed() -> None:
    lower, upper = read_layer("config: {a: {b: 1}}"), read_layer("config: {a: {c: 2}}")
    before = json.dumps([to_plain(lower), to_plain(upper)])
    merge(lower, upper, SHAPE, Notes())
    lower.plain = upper.plain = None
    assert json.dumps([to_plain(lower), to_plain(upper)]) == before


def chain(texts: list[str], *path: str) -> list[tuple[Json, str, str]]:
    _, _, recorder, merged = fold(texts)
    found = {**recorder.removed(merged), **recorder.chains(merged)}[path]
    return [(said.value, str(said.origin), said.state) for said in found]


def test_a_chain_begins_with_the_winner() -> None:
    texts = ["scale: {replicas: 1}", "scale: {replicas: 2}", "model: {id: x}"]
    assert chain(texts, "scale", "replicas") == [
        (2, "1.yaml:1:19", "set"),
        (1, "0.yaml:1:19", "overridden"),
    ]


def test_a_chain_knows_what_null_removed_and_who_set_it_again() -> None:
    texts = ["config: {a: {b: 1}}", "config: {a: null}", "config: {a: {b: 2}}"]
    assert chain(texts, "config", "a", "b") == [
        (2, "2.yaml:1:17", "set"),
        (None, "1.yaml:1:13", "removed"),
        (1, "0.yaml:1:17", "overridden"),
    ]
    assert chain(texts[:2], "config", "a", "b") == [
        (None, "1.yaml:1:13", "removed"),
        (1, "0.yaml:1:17", "overridden"),
    ]


def test_a_chain_knows_what_went_with_its_rival() -> None:
    texts = ["instructions: {file: a}", "instructions: {text: b}"]
    assert chain(texts, "instructions", "file") == [("a", "0.yaml:1:22", "removed")]
    assert chain(texts, "instructions", "text") == [("b", "1.yaml:1:22", "set")]


def test_a_chain_knows_the_name_that_an_inline_map_replaced() -> None:
    texts = ["rollout: careful", "rollout: {maxSurge: 2}"]
    assert chain(texts, "rollout") == [("careful", "0.yaml:1:10", "removed")]


def test_the_origin_of_a_map_emptied_by_null() -> None:
    texts = ["config: {a: {b: 1}}", "config: {a: {b: null}}"]
    assert chain(texts, "config", "a") == [({}, "1.yaml:1:13", "set")]


SCALARS = st.one_of(st.integers(-5, 5), st.booleans(), st.text("ab 0", max_size=3))
KEYS = st.sampled_from(["a", "b", "c"])
# Types are fixed by depth, so that layers never clash: values two maps down, lists at `list`.
LEVEL = st.dictionaries(KEYS, st.one_of(SCALARS, st.none()), max_size=3)
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "one": st.one_of(LEVEL, st.none()),
        "two": LEVEL,
        "list": st.lists(SCALARS, max_size=2),
        "flat": st.one_of(SCALARS, st.none()),
    },
)
SPECS = st.fixed_dictionaries(
    {"config": CONFIG},
    optional={
        "scale": st.fixed_dictionaries({}, optional={"replicas": st.integers(0, 9)}),
        "instructions": st.sampled_from([{"file": "a"}, {"file": "b"}, {"text": "t"}]),
        "rollout": st.sampled_from(["careful", {"maxSurge": 2}, {"maxUnavailable": 1}]),
    },
)


def without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


def merged(specs: Sequence[Json]) -> Json:
    return fold([emit_yaml(spec) for spec in specs])[0]


@given(SPECS)
def test_nothing_above_and_nothing_below_change_nothing(spec: Json) -> None:
    alone = merged([spec])
    assert alone == without_nulls(spec)
    assert merged([spec, {}]) == alone
    assert merged([{}, spec]) == alone


@given(SPECS)
def test_a_layer_over_itself_changes_nothing(spec: Json) -> None:
    assert merged([spec, spec]) == merged([spec])


def settled(spec: Json) -> Json:
    """A layer without what depends on the layers below: null, and a name in a map's place."""
    return {key: value for key, value in without_nulls(spec).items() if key != "rollout"}


@given(SPECS, SPECS, SPECS)
def test_layers_without_null_are_associative(one: Json, two: Json, three: Json) -> None:
    one, two, three = settled(one), settled(two), settled(three)
    assert merged([merged([one, two]), three]) == merged([one, merged([two, three])])


@given(SPECS, SPECS, SPECS)
def test_merging_step_by_step_is_merging_at_once(one: Json, two: Json, three: Json) -> None:
    assert merged([merged([one, two]), three]) == merged([one, two, three])


def turned(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return value


@given(SPECS, SPECS)
def test_the_order_of_keys_does_not_matter(one: Json, two: Json) -> None:
    assert merged([turned(one), turned(two)]) == merged([one, two])


@given(st.lists(SPECS, min_size=1, max_size=4))
@settings(max_examples=60)
def test_origins_cover_exactly_the_leaves(specs: list[Json]) -> None:
    _, _, recorder, tree = fold([emit_yaml(spec) for spec in specs])
    chains = recorder.chains(tree)
    assert set(chains) == {path for path, _ in leaves(tree)}
    for path, node in leaves(tree):
        winner = chains[path][0]
        assert winner.state == "set"
        assert winner.value == to_plain(node)
        if winner.value != {}:  # several layers may have written an empty map
            assert winner.origin.path == node.file.path
    assert not set(recorder.removed(tree)) & set(chains)


@given(st.dictionaries(st.sampled_from("ABCD"), st.text("ab=:", max_size=4), max_size=4))
def test_list_form_equals_map_form(pairs: dict[str, str]) -> None:
    mapped = {"container": {"environment": pairs}}
    listed = {"container": {"environment": [f"{key}={value}" for key, value in pairs.items()]}}
    assert merged([listed]) == merged([mapped])

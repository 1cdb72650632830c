"""The five tags: what each does to the layers below, and what it leaves in the chains."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.compile.merge import merge_layers
from agentgit.compile.notes import Notes
from agentgit.compile.origins import Recorder, leaves
from agentgit.compile.tree import MapNode, to_plain
from agentgit.model.value import Json
from tests.layers import SHAPE, read_layer


def fold(texts: Sequence[str]) -> tuple[Json, Notes, Recorder, MapNode]:
    recorder = Recorder()
    notes = Notes(recorder)
    layers = tuple(read_layer(text, f"{number}.yaml") for number, text in enumerate(texts))
    tree = merge_layers(layers, SHAPE, notes).tree
    cheap = Notes()
    assert to_plain(merge_layers(layers, SHAPE, cheap).tree) == to_plain(tree)
    assert cheap.problems == notes.problems
    assert cheap.warnings == notes.warnings
    assert set(recorder.chains(tree)) == {path for path, _ in leaves(tree)}
    return to_plain(tree), notes, recorder, tree


@pytest.mark.parametrize(
    ("layers", "value"),
    [
        # !replace forgets what is below: maps, lists, values, and clashes of type
        (["config: {a: {b: 1, c: 2}}", "config: {a: !replace {c: 3}}"],
         {"config": {"a": {"c": 3}}}),
        (["config: {a: {b: 1}}", "config: !replace {z: 1}"], {"config": {"z": 1}}),
        (["config: {a: {b: 1}}", "config: {a: !replace text}"], {"config": {"a": "text"}}),
        (["config: {a: 1}", "config: {a: !replace [1]}"], {"config": {"a": [1]}}),
        (["config: {a: [1]}", "config: {a: !replace {b: {c: 2}}}"],
         {"config": {"a": {"b": {"c": 2}}}}),
        (["container: {environment: {A: 1, B: 2}}", "container: {environment: !replace [C=3]}"],
         {"container": {"environment": {"C": "3"}}}),
        (["config: {a: {b: 1}}", "config: {a: !replace {c: 1}}", "config: {a: {d: 1}}"],
         {"config": {"a": {"c": 1, "d": 1}}}),
        (["config: {a: {b: 1}}", "config: {a: !replace {}}"], {"config": {"a": {}}}),
        # !append and !prepend: plain lists, over any number of layers
        (["container: {cap_drop: [A]}", "container: {cap_drop: !append [B]}",
          "container: {cap_drop: !prepend [C]}", "container: {cap_drop: !append [B, D]}"],
         {"container": {"cap_drop": ["C", "A", "B", "B", "D"]}}),
        (["config: {a: [1]}", "scale: {replicas: 2}", "config: {a: !append [{b: 1}, [2]]}"],
         {"config": {"a": [1, {"b": 1}, [2]]}, "scale": {"replicas": 2}}),
        (["container: {command: run it}", "container: {command: !prepend [nice]}"],
         {"container": {"command": ["nice", "run", "it"]}}),
        (["tools: {a: {mcpServer: b, allowedTools: [p]}}",
          "tools: {a: {allowedTools: !append [q]}}"],
         {"tools": {"a": {"mcpServer": "b", "allowedTools": ["p", "q"]}}}),
        # !remove: values of plain lists, names of maps and keyed lists
        (["container: {cap_drop: [A, B, A]}", "container: {cap_drop: !remove [A]}"],
         {"container": {"cap_drop": ["B"]}}),
        (["config: {a: [1, true, '1', {b: 2}]}", "config: {a: !remove [1, {b: 2}]}"],
         {"config": {"a": [True, "1"]}}),
        (["container: {environment: [A=1, B=2]}", "container: {environment: !remove [A]}"],
         {"container": {"environment": {"B": "2"}}}),
        (["config: {a: {p: 1, q: 2}, b: 3}", "config: !remove [a]"], {"config": {"b": 3}}),
        (["config: {a: {p: 1, q: 2}}", "config: {a: !remove [p, q]}"], {"config": {"a": {}}}),
        (["container: {image: a, init: true}", "container: !remove [init]"],
         {"container": {"image": "a"}}),
        (["rollout: {maxSurge: 2, maxUnavailable: 1}", "rollout: !remove [maxSurge]"],
         {"rollout": {"maxUnavailable": 1}}),
        # removal over three files, in any of them
        (["config: {a: 1, b: 2, c: 3}", "config: !remove [a]", "config: !remove [c]"],
         {"config": {"b": 2}}),
        (["config: {a: {b: 1}}", "config: {a: !remove [b]}", "config: {a: {b: 2}}"],
         {"config": {"a": {"b": 2}}}),
        # !final: the same again is no change; other paths are free
        (["config: {a: !final 1, b: 1}", "config: {a: 1, b: 2}"], {"config": {"a": 1, "b": 2}}),
        (["config: {a: !final {p: 1}}", "config: {a: {p: 1}}"], {"config": {"a": {"p": 1}}}),
        (["config: {a: {q: 2}}", "config: {a: !final {p: 1}}", "config: {a: {q: 2}}"],
         {"config": {"a": {"q": 2, "p": 1}}}),
        (["config: !replace {a: 1}", "config: {a: 1}"], {"config": {"a": 1}}),
    ],
)  # fmt: skip
def test_a_rule(layers: list[str], value: Json) -> None:
    found, notes, _, _ = fold(layers)
    assert found == value
    assert notes.problems == []


@pytest.mark.parametrize(
    ("layers", "place", "message", "hint"),
    [
        (["config: {after: 1}", "config: {aftr: !replace 2}"], "1.yaml:1:25",
         "!replace changes config.aftr, which no lower layer sets", "did you mean after?"),
        (["config: {a: !append [1]}"], "0.yaml:1:21",
         "!append changes config.a, which no lower layer sets", "leave the tag out"),
        (["config: {b: 1}", "config: {a: !remove [1]}"], "1.yaml:1:21",
         "!remove changes config.a, which no lower layer sets", "leave the tag out"),
        (["container: {cap_drop: [KILL]}", "container: {cap_drop: !remove [KIL]}"], "1.yaml:1:33",
         '!remove takes "KIL" out of container.cap_drop, where it is not', "did you mean KILL?"),
        (["config: {limit: 1}", "config: !remove [limt]"], "1.yaml:1:18",
         "!remove takes limt out of config, where it is not", "did you mean limit?"),
    ],
)  # fmt: skip
def test_a_tag_that_changes_nothing_is_a_warning(
    layers: list[str], place: str, message: str, hint: str
) -> None:
    _, notes, _, _ = fold(layers)
    (warning,) = notes.warnings
    assert (warning.message, warning.hint) == (message, hint)
    assert str(warning.location).startswith(place.rpartition(":")[0])


def test_a_removal_of_nothing_sets_nothing() -> None:
    found, *_ = fold(["config: {b: 1}", "config: {a: !remove [1]}"])
    assert found == {"config": {"b": 1}}


@pytest.mark.parametrize(
    ("layers", "place", "locked", "path"),
    [
        (["config: {a: !final 1}", "config: {a: 2}"], "1:13", "1:13", "config.a"),
        (["config: {a: !final 1}", "config: {a: true}"], "1:13", "1:13", "config.a"),
        (["config: {a: !final 1}", "config: {a: null}"], "1:13", "1:13", "config.a"),
        (["config: {a: !final 1}", "config: null"], "1:9", "1:13", "config.a"),
        (["config: {a: !final 1}", "config: !replace {b: 1}"], "1:9", "1:13", "config.a"),
        (["config: {a: !final 1}", "config: !remove [a]"], "1:9", "1:13", "config.a"),
        (["config: {a: !final [1]}", "config: {a: !append [2]}"], "1:13", "1:13", "config.a"),
        (["config: {a: !final {p: 1}}", "config: {a: {q: {z: 1}}}"], "1:17", "1:13",
         "config.a.q"),
        (["config: {a: !final {p: {u: 1}}}", "config: {a: {p: {v: 1}}}"], "1:21", "1:13",
         "config.a.p.v"),
        (["instructions: {file: !final a}", "instructions: {text: b}"], "1:22", "1:22",
         "instructions.file"),
        (["rollout: !final careful", "rollout: {maxSurge: 2}"], "1:10", "1:10", "rollout"),
    ],
)  # fmt: skip
def test_a_lock_shows_both_places(layers: list[str], place: str, locked: str, path: str) -> None:
    _, notes, _, _ = fold(layers)
    (problem,) = notes.problems
    assert str(problem.location) == f"1.yaml:{place}"
    assert problem.message.startswith(f"{path} cannot be changed here")
    ((role, where),) = problem.also
    assert (role, str(where)) == ("locked here", f"0.yaml:{locked}")


def test_a_lock_holds_over_layers_between() -> None:
    _, notes, _, _ = fold(["config: {a: !final 1}", "config: {b: 2}", "config: {a: 3}"])
    (problem,) = notes.problems
    assert str(problem.location) == "2.yaml:1:13"


def test_a_layer_may_lock_what_a_lower_one_set() -> None:
    _, notes, _, _ = fold(["config: {a: 1}", "config: {a: !final 2}", "config: {a: 1}"])
    assert [problem.message for problem in notes.problems] == [
        "config.a cannot be changed here: a lower layer made it final"
    ]


def test_a_tag_that_wants_a_list_finds_none() -> None:
    _, notes, _, _ = fold(["config: {a: {b: 1}}", "config: {a: !append [1]}"])
    (problem,) = notes.problems
    assert problem.message == "!append wants a list, and config.a is a map in a lower layer"
    assert problem.hint == "write !replace to forget what is below"
    _, notes, _, _ = fold(["config: {a: 1}", "config: {a: !remove [1]}"])
    assert notes.problems[0].message.startswith("!remove wants a list, and config.a is a single")


def chain(texts: list[str], *path: str) -> list[tuple[Json, str, str]]:
    _, _, recorder, merged = fold(texts)
    found = {**recorder.removed(merged), **recorder.chains(merged)}[path]
    return [(said.value, said.origin.path, said.state) for said in found]


def test_chains_say_what_a_tag_removed_and_whose() -> None:
    replacing = ["config: {a: {b: 1, c: 2}}", "config: {a: !replace {c: 3}}"]
    assert chain(replacing, "config", "a", "c") == [
        (3, "1.yaml", "set"), (2, "0.yaml", "overridden"),
    ]  # fmt: skip
    assert chain(replacing, "config", "a", "b") == [
        (None, "1.yaml", "removed"), (1, "0.yaml", "overridden"),
    ]  # fmt: skip
    removing = ["config: {a: {b: 1}}", "config: !remove [a]", "config: {z: 1}"]
    assert chain(removing, "config", "a", "b") == [
        (None, "1.yaml", "removed"), (1, "0.yaml", "overridden"),
    ]  # fmt: skip
    extending = ["config: {a: [1]}", "config: {a: !append [2]}", "config: {a: !remove [1]}"]
    assert chain(extending, "config", "a") == [
        ([2], "2.yaml", "set"), ([1, 2], "1.yaml", "overridden"), ([1], "0.yaml", "overridden"),
    ]  # fmt: skip


ITEMS = st.lists(st.sampled_from(["A", "B", "C", "D"]), max_size=3)
TAG = st.sampled_from(["", "!replace ", "!append ", "!prepend ", "!remove "])
LAYERS = st.lists(st.tuples(TAG, ITEMS), min_size=1, max_size=5)


@given(LAYERS)
def test_the_tags_of_lists_are_what_they_are_of_python(
    layers: list[tuple[str, list[str]]],
) -> None:
    expected: list[str] | None = None
    for tag, items in layers:
        below = expected or []
        match tag.strip():
            case "!append":
                expected = below + items
            case "!prepend":
                expected = items + below
            case "!remove":
                if expected is not None:
                    expected = [one for one in below if one not in items]
            case _:
                expected = items
    found, *_ = fold([f"config: {{k: {tag}[{', '.join(items)}]}}" for tag, items in layers])
    assert found["config"].get("k") == expected


@given(ITEMS, ITEMS, ITEMS)
def test_appending_is_associative(one: list[str], two: list[str], three: list[str]) -> None:
    def text(tag: str, items: list[str]) -> str:
        return f"config: {{k: {tag}[{', '.join(items)}]}}"

    at_once, *_ = fold([text("", one), text("!append ", two), text("!append ", three)])
    together, *_ = fold([text("", one), text("!append ", [*two, *three])])
    assert at_once == together


MAPS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)


@given(st.lists(MAPS, max_size=3), MAPS)
def test_replacing_is_having_nothing_below(below: list[Json], above: Json) -> None:
    lower = [f"config: {{m: {one}}}".replace("'", "") for one in below]
    text = str(above).replace("'", "")
    assert fold([*lower, f"config: {{m: !replace {text}}}"])[0] == {"config": {"m": above}}


@given(MAPS, MAPS)
def test_a_lock_breaks_exactly_when_the_value_changes(below: Json, above: Json) -> None:
    lower, upper = (str(one).replace("'", "") for one in (below, above))
    found, notes, _, _ = fold([f"config: {{m: !final {lower}}}", f"config: {{m: {upper}}}"])
    assert bool(notes.problems) == (found["config"]["m"] != below)


ENTRIES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)
MAP_TAG = st.sampled_from(["", "!replace ", "!remove ", "!final "])


def said(layers: list[tuple[str, Json]]) -> list[str]:
    """Write layers of one map; `!remove` takes the names."""
    return [
        f"config: {{m: {tag}{[*value] if tag == '!remove ' else value}}}".replace("'", "")
        for tag, value in layers
    ]


@given(st.lists(st.tuples(MAP_TAG, ENTRIES), min_size=2, max_size=5), st.integers(1, 4))
def test_merging_with_tags_step_by_step_is_merging_at_once(
    layers: list[tuple[str, Json]], cut: int
) -> None:
    """What lower layers have become is all that counts for the higher ones."""
    below, above = layers[:cut], layers[cut:]
    found, *_ = fold(said(below))
    start = [("", found["config"]["m"])] if "m" in found["config"] else []
    nothing = ["config: {}"]
    stepwise, *_ = fold([*(said(start) or nothing), *said(above)])
    at_once, *_ = fold(said(layers))
    assert stepwise == at_once


@given(st.lists(st.tuples(MAP_TAG, ENTRIES), min_size=1, max_size=4))
def test_the_order_of_keys_does_not_matter_to_tags(layers: list[tuple[str, Json]]) -> None:
    turned = [
        (tag, dict(reversed(value.items()))) for tag, value in layers
    ]  # fmt: skip
    assert fold(said(turned))[0] == fold(said(layers))[0]


@given(st.lists(st.tuples(TAG, ITEMS), min_size=1, max_size=4))
def test_origins_cover_exactly_the_leaves_with_tags(layers: list[tuple[str, list[str]]]) -> None:
    texts = [f"config: {{k: {tag}[{', '.join(items)}], x: 1}}" for tag, items in layers]
    _, _, recorder, tree = fold(texts)
    chains = recorder.chains(tree)
    for path, node in leaves(tree):
        assert chains[path][0].state == "set"
        assert chains[path][0].value == to_plain(node)
        assert len(chains[path]) == len(layers) or path[-1] == "k"

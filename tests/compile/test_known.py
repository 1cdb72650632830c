"""A compile with a memory says what a compile without one says, on any history of edits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.known import Memory
from agentgit.compile.workspace import Workspace
from agentgit.errors import ConfigError, Problem
from agentgit.model.snapshot import Snapshot
from tests.builders import DictCache

MakeSnapshot = Callable[..., Snapshot]
ENV = "environments/production"
STAGING = "environments/staging/environment.yaml"
STAGING_TEXT = (
    "kind: Environment\nmetadata: {name: staging}\n"
    "spec: {hosts: {local: {engine: auto}}, extends: production}\n"
)


def instance(name: str, spec: str = "") -> str:
    return f"kind: Instance\nmetadata: {{name: {name}}}\nspec:\n  agent: support\n{spec}"


CATALOG = """\
kind: Catalog
metadata: {name: catalog}
spec: {models: {smart: {provider: openai, id: ID, params: {seed: 1}}}}
"""
AGENT = """\
kind: Agent
metadata: {name: support}
spec: {config: {list: !append [2], gone: null}, EXTRA}
"""
SPECS = ("", "  model: {ref: smart}\n", "  model: {ref: smart, params: {sed: null}}\n",
         "  config: {list: !remove [2], other: !remove [x]}\n",
         "  instructions: {file: ../../../global/prompts/bad.md}\n",
         "  config: {note: '${vars.region} ${instance.name}'}\n",
         "  scale: {replicas: 2}\n", "  card: {description: null}\n",
         "  config: {nothing: null}\n", "  model: {id: [x]}\n", "  modle: {}\n",
         "  instructions: {file: ../../../global/prompts/other.md}\n",
         "  model: {params: {temperature: 0.5}}\n")  # fmt: skip
SET = """\
kind: InstanceSet
metadata: {name: set}
spec:
  agent: support
  matrix: {tenant: [one, two]}
  name: "${tenant}"
  template: {config: {tenant: "${tenant}", NULL}}
"""
LAYER = "kind: AgentDefaults\nmetadata: {name: defaults}\nspec:\n"
EDITS = st.one_of(
    st.builds(
        lambda name, spec: (f"{ENV}/instances/{name}.yaml", instance(name, spec)),
        st.sampled_from(["one", "two", "three", "support-eu"]), st.sampled_from(SPECS),
    ),
    st.builds(
        lambda name: (f"{ENV}/instances/{name}.yaml", None), st.sampled_from(["one", "two"])
    ),
    st.builds(
        lambda spec: (f"{ENV}/defaults.yaml", LAYER + spec),
        st.sampled_from([spec or "  scale: {replicas: 1}\n" for spec in (*SPECS[:4], *SPECS[6:])]),
    ),
    st.just((f"{ENV}/defaults.yaml", None)),
    st.builds(lambda text: ("global/prompts/support.md", text), st.sampled_from(["a", "b", None])),
    st.builds(lambda text: ("global/prompts/other.md", text), st.sampled_from(["a", "b", None])),
    st.builds(lambda text: ("agents/support/agent.py", text), st.sampled_from(["1", "2"])),
    st.builds(
        lambda text: (f"{ENV}/instances/set.yaml", text),
        st.sampled_from([SET.replace("NULL", "x: 1"), SET.replace("NULL", "x: null"), None]),
    ),
    st.builds(lambda text: (STAGING, text), st.sampled_from([STAGING_TEXT, None])),
    st.builds(
        lambda text: ("environments/staging/instances/copy.yaml", text),
        st.sampled_from([instance("copy"), instance("copy", "  rollout: {maxSurge: 2}\n"), None]),
    ),
    st.just(("README.md", "nothing")),
    st.builds(
        lambda text: ("global/catalog.yaml", text),
        st.sampled_from([CATALOG, CATALOG.replace("ID", "''"), CATALOG.replace("seed", "sed")]),
    ),
    st.builds(
        lambda extra: (f"{ENV}/agents/support.yaml", AGENT.replace("EXTRA", extra)),
        st.sampled_from(["scale: {replicas: 3}", "config: {}", "drop: 1", "model: {ref: smart}"]),
    ),
    st.just((f"{ENV}/agents/support.yaml", None)),
    st.just(("global/prompts/bad.md", b"\xff")),
)  # fmt: skip


class Beside:
    """Work side by side in one process; every `lost`th piece is lost."""

    def __init__(self, size: int, lost: int) -> None:
        self.size = size
        self.least = 1
        self.begun = 0
        self._lost = lost

    def begin(self, work: Callable[[], bytes]) -> Callable[[], bytes | None]:
        self.begun += 1
        if self.begun % self._lost == 0:
            return lambda: None
        return work

    def close(self) -> None:
        pass


def said(
    snapshot: Snapshot, cache: DictCache | None, spread: Beside | None = None
) -> tuple[bool, tuple[Problem, ...]]:
    """Whether the project is valid, and every word about it, in order."""
    try:
        return True, validate_project(snapshot, cache, spread)
    except ConfigError as error:
        return False, error.problems


def known_names(snapshot: Snapshot, cache: DictCache) -> set[str] | None:
    """What the memory knows of production: instances by name, None where it knows it all."""
    memory = Memory(cache, Workspace(snapshot), "production")
    if memory.answer is not None:
        return None
    return {one.name for path in memory.files for one in memory.find(path) or ()}


@settings(max_examples=60, deadline=None)
@given(
    edits=st.lists(EDITS, min_size=2, max_size=12),
    later=st.lists(EDITS, max_size=3),
    size=st.integers(2, 5),
    lost=st.integers(2, 9),
)
def test_side_by_side_is_one_after_the_other(
    make_snapshot: MakeSnapshot,
    edits: list[tuple[str, str | None]],
    later: list[tuple[str, str | None]],
    size: int,
    lost: int,
) -> None:
    cache = DictCache()
    for files in (dict(edits), dict([*edits, *later])):
        snapshot = make_snapshot(files)
        expected = said(snapshot, None)
        assert said(snapshot, None, Beside(size, lost)) == expected
        assert said(snapshot, cache, Beside(size, lost)) == expected
        assert said(snapshot, cache, Beside(size, lost)) == expected


def test_all_files_are_divided(make_snapshot: MakeSnapshot) -> None:
    names = [f"n{number}" for number in range(10)]
    files = {f"{ENV}/instances/{name}.yaml": instance(name) for name in names}
    beside = Beside(4, 99)
    assert said(make_snapshot(files), None, beside) == (True, ())
    assert beside.begun == 3
    beside.least = 12
    assert said(make_snapshot(files), None, beside) == (True, ())
    assert beside.begun == 3


@settings(max_examples=60, deadline=None)
@given(history=st.lists(st.lists(EDITS, min_size=1, max_size=3), min_size=1, max_size=6))
def test_cached_is_cold(
    make_snapshot: MakeSnapshot, history: list[list[tuple[str, str | None]]]
) -> None:
    cache, files = DictCache(), {}
    for edits in history:
        files |= dict(edits)
        snapshot = make_snapshot(files)
        expected = said(snapshot, None)
        assert said(snapshot, cache) == expected
        assert said(snapshot, cache) == expected
        known = known_names(snapshot, cache)
        if expected[0]:
            compiled = {one.name for one in compile_environment(snapshot, "production").instances}
            assert known is None or known <= compiled


def count_reads(snapshot: Snapshot, cache: DictCache) -> set[str]:
    read: set[str] = set()

    def note(path: str) -> bytes:
        read.add(path)
        return snapshot.read(path)

    validate_project(Snapshot(None, snapshot.files, note), cache)
    return {path for path in read if "/instances/" in path}


def test_only_what_changed_is_read_again(make_snapshot: MakeSnapshot) -> None:
    files = {f"{ENV}/instances/{name}.yaml": instance(name) for name in ("one", "two", "three")}
    cache = DictCache()
    assert len(count_reads(make_snapshot(files), cache)) == 4
    assert count_reads(make_snapshot(files), cache) == set()
    edited = {**files, f"{ENV}/instances/two.yaml": instance("two", SPECS[6])}
    assert count_reads(make_snapshot(edited), cache) == {f"{ENV}/instances/two.yaml"}
    assert count_reads(make_snapshot({**edited, "README.md": "x"}), cache) == set()
    prompt = {**edited, "global/prompts/support.md": "Be quick.\n"}
    assert len(count_reads(make_snapshot(prompt), cache)) == 4


def test_a_name_that_two_files_declare_is_found_beside_known_files(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {f"{ENV}/instances/one.yaml": instance("one")}
    cache = DictCache()
    said(make_snapshot(files), cache)
    twins = {**files, f"{ENV}/instances/set.yaml": SET.replace("NULL", "x: 1")}
    expected = said(make_snapshot(twins), None)
    assert not expected[0]
    assert said(make_snapshot(twins), cache) == expected


def test_a_submodule_that_takes_a_place_is_found_beside_known_files(
    make_snapshot: MakeSnapshot,
) -> None:
    cache = DictCache()
    snapshot = make_snapshot()
    assert said(snapshot, cache)[0]
    other = snapshot._replace(submodules=("agents/support/vendor",))
    assert not said(other, None)[0]
    assert said(other, cache) == said(other, None)


@pytest.mark.parametrize("name", ["odd.yml", "Odd.yaml", "deep/odd.yaml"])
def test_a_file_in_the_wrong_place_is_noticed_where_all_is_known(
    make_snapshot: MakeSnapshot, name: str
) -> None:
    cache = DictCache()
    assert said(make_snapshot({}), cache) == (True, ())
    assert known_names(make_snapshot({}), cache) is None
    odd = make_snapshot({f"{ENV}/instances/{name}": ""})
    for _ in range(2):
        assert said(odd, cache) == said(odd, None) != (True, ())
    assert said(make_snapshot({}), cache) == (True, ())

"""The quick way to a value's place gives what `explain` gives, for every value of a fleet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agentgit.compile.build import compile_environment
from agentgit.compile.explain import explain_instance
from agentgit.compile.layout import list_environments
from agentgit.compile.trace import Tracer
from agentgit.model.snapshot import Entry, Snapshot

EXAMPLE = Path(__file__).parents[2] / "example-repo"
OWN = "environments/production/instances/support-eu.yaml"
TWIN = "environments/production/instances/support-us.yaml"
HEAD = "kind: Instance\nmetadata: {name: support-%s}\nspec:\n  agent: support\n"


def read_example() -> Snapshot:
    files = {
        str(path.relative_to(EXAMPLE)): path.read_bytes()
        for path in sorted(EXAMPLE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return Snapshot(None, {path: Entry("100644", path) for path in files}, files.__getitem__)


def check_all(snapshot: Snapshot, environment: str) -> int:
    """Compare every place of every instance; give how many there were."""
    desired = compile_environment(snapshot, environment)
    tracer = Tracer(snapshot, desired)
    count = 0
    for instance in desired.instances:
        explained = explain_instance(snapshot, environment, instance.name)
        for path, chain in explained.chains.items():
            place = tracer.place(instance.name, path)
            assert place is not None, path
            found = (place.path, place.line)
            assert found == (chain[0].origin.path, chain[0].origin.line), (instance.name, path)
            count += 1
        for path, chain in explained.removed.items():
            if chain[0].value is None and path[0] != "instructions":
                assert tracer.remover(instance.name, path) == chain[0].origin, path
    return count


@pytest.mark.parametrize("environment", list_environments(read_example()))
def test_the_example_fleet(environment: str) -> None:
    assert check_all(read_example(), environment) > 100


@pytest.mark.parametrize(
    "said",
    [
        "",
        "  config: {language: de}\n",
        "  config: {escalation: null}\n",
        "  config: {escalation: {after_turns: null}}\n",
        "  config: !replace {escalation: {more: 1}}\n",
        '  "\\x63onfig": {"langu\\x61ge": de}\n',
        "  config: {escalation: {more: 1}}\n",
        "  instructions: {text: Be quick.}\n",
        "  model: {params: null}\n",
        "  rollout: {minHealthyTime: 3s}\n",
        "  container: {environment: [LOG_LEVEL=debug], command: !append [--fast]}\n",
    ],
)
def test_whatever_an_instance_says_itself(
    make_snapshot: Callable[..., Snapshot], said: str
) -> None:
    """The other instance of the agent says nothing: what they share must not be mixed up."""
    for first, second in ((said, ""), ("", said), (said, said)):
        files = {OWN: HEAD % "eu" + first, TWIN: HEAD % "us" + second}
        assert check_all(make_snapshot(files), "production") > 30

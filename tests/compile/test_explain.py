"""Every effective value has its origin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.compile.build import compile_environment
from agentgit.compile.document import resolved_document
from agentgit.compile.explain import Explained, Explainer, explain_instance
from agentgit.errors import ConfigError, UsageError
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Json, Path

MakeSnapshot = Callable[..., Snapshot]
PATH = "environments/production/instances/support-eu.yaml"
AGENT = "environments/production/agents/support.yaml"
GLOBAL = "global/agents/support.yaml"
HEAD = "kind: Instance\nmetadata: {name: support-eu}\nspec:\n  agent: support\n"


def said(explained: Explained, *path: str) -> list[tuple[Json, str, str, str]]:
    chain = explained.chains[path]
    return [(one.value, one.origin.layer, str(one.origin), one.state) for one in chain]


def test_a_value_with_what_it_overrides(make_snapshot: MakeSnapshot) -> None:
    explained = explain_instance(make_snapshot(), "production", "support-eu")
    assert said(explained, "model", "params", "temperature") == [
        (0.1, "instance", f"{PATH}:6:33", "set"),
        (0.2, "global", f"{GLOBAL}:8:33", "overridden"),
        (0.7, "global", "global/defaults.yaml:4:65", "overridden"),
    ]
    assert said(explained, "container", "environment", "LOG_LEVEL") == [
        ("warning", "environment", f"{AGENT}:4:40", "set"),
        ("info", "global", f"{GLOBAL}:15:30", "overridden"),
    ]


def test_text_of_a_file_comes_from_the_file_then_from_the_reference(
    make_snapshot: MakeSnapshot,
) -> None:
    explained = explain_instance(make_snapshot(), "production", "support-eu")
    assert said(explained, "instructions", "text") == [
        ("Be kind.\nBe brief.\n", "global", "global/prompts/support.md:1:1", "set"),
        ("../prompts/support.md", "global", f"{GLOBAL}:9:24", "set"),
    ]


def test_a_named_policy_comes_from_its_document_then_from_the_name(
    make_snapshot: MakeSnapshot,
) -> None:
    explained = explain_instance(make_snapshot(), "production", "support-eu")
    assert said(explained, "rollout", "minHealthyTime") == [
        ("10s", "global", "global/rollouts.yaml:6:19", "set"),
        ("careful", "global", f"{GLOBAL}:23:12", "set"),
    ]
    assert ("rollout",) not in explained.chains


def test_the_value_is_what_compile_prints_and_defaults_have_no_chain(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot()
    explained = explain_instance(snapshot, "production", "support-eu")
    (instance,) = compile_environment(snapshot, "production").instances
    assert explained.instance == instance
    assert explained.value == resolved_document(instance)["spec"]
    assert explained.value["container"]["restart"] == "unless-stopped"
    assert ("container", "restart") not in explained.chains


def test_every_chain_leads_to_a_value(make_snapshot: MakeSnapshot) -> None:
    line = "  container: {ports: ['9000'], labels: {}, command: run it}\n"
    explained = explain_instance(make_snapshot({PATH: HEAD + line}), "production", "support-eu")
    for path in explained.chains:
        found = explained.value
        for key in path:
            found = found[key]
    assert ("container", "ports", "p9000", "target") in explained.chains


def test_what_was_removed_is_kept_apart(make_snapshot: MakeSnapshot) -> None:
    text = HEAD + "  container: {healthcheck: null}\n  instructions: {text: Hi}\n"
    explained = explain_instance(make_snapshot({PATH: text}), "production", "support-eu")
    removed: Path = ("container", "healthcheck", "interval")
    assert removed not in explained.chains
    assert [(one.value, str(one.origin), one.state) for one in explained.removed[removed]] == [
        (None, f"{PATH}:5:28", "removed"),
        ("5s", f"{GLOBAL}:19:17", "overridden"),
    ]
    file = explained.removed["instructions", "file"]
    assert [(one.value, one.state) for one in file] == [("../prompts/support.md", "removed")]


def test_errors_are_those_of_compile(make_snapshot: MakeSnapshot) -> None:
    with pytest.raises(UsageError):
        explain_instance(make_snapshot(), "production", "nobody")
    with pytest.raises(UsageError):
        explain_instance(make_snapshot(), "nowhere", "support-eu")
    broken = make_snapshot({PATH: HEAD + "  config: {language: {a: 1}}\n"})
    with pytest.raises(ConfigError, match=r"config\.language is a map here"):
        explain_instance(broken, "production", "support-eu")


def test_many_are_explained_as_each_alone(make_snapshot: MakeSnapshot) -> None:
    other = PATH.replace("support-eu", "support-us")
    made = make_snapshot({other: HEAD.replace("support-eu", "support-us")})
    read: list[str] = []

    def count(path: str) -> bytes:
        read.append(path)
        return made.read(path)

    explainer = Explainer(made._replace(read=count), "production")
    names = ("support-eu", "support-us", "support-eu")
    together = [explainer.explain(name) for name in names]
    assert together == [explain_instance(made, "production", name) for name in names]
    assert read.count(GLOBAL) == 1

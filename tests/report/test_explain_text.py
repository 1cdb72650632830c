from __future__ import annotations

import pytest

from agentgit.model.origin import Chains, Origin, Setting
from agentgit.report.explain_text import write_chains, write_default, write_document
from agentgit.report.json_v1 import explain_document


def _at(layer: str, path: str, line: int) -> Origin:
    return Origin.model_validate({"layer": layer, "path": path, "line": line, "column": 3})


@pytest.fixture
def chains() -> Chains:
    high, low = _at("instance", "i.yaml", 7), _at("global", "g.yaml", 12)
    return {
        ("model", "params", "temperature"): (
            Setting(value=0.1, origin=high),
            Setting(value=0.2, origin=low, state="overridden"),
        ),
        ("model", "id"): (Setting(value="m", origin=low),),
        ("model", "ref"): (Setting(value="smart", origin=low, state="removed"),),
        ("tags",): (Setting(value=["a"], origin=high),),
    }


def test_one_value_with_all_that_was_said(chains: Chains) -> None:
    assert write_chains(chains, ("model", "params", "temperature")) == (
        "0.1\n  i.yaml:7:3   instance  0.1\n  g.yaml:12:3  global    0.2  overridden"
    )


def test_a_block_shows_each_of_its_values(chains: Chains) -> None:
    lines = write_chains(chains, ("model",)).splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "id", "params.temperature", "ref"
    ]  # fmt: skip


def test_what_was_removed_is_not_set(chains: Chains) -> None:
    assert write_chains(chains, ("model", "ref")) == (
        "not set\n  g.yaml:12:3  global  smart  removed"
    )


def test_nothing_is_said_about_a_default(chains: Chains) -> None:
    assert write_chains(chains, ("scale",)) == ""
    assert write_default(1) == "1\n  the default, no layer says it"


def test_a_document_has_places_at_the_end_of_its_lines(chains: Chains) -> None:
    document = {"model": {"id": "m", "params": {"temperature": 0.1}}, "init": False, "tags": ["a"]}
    assert write_document(document, chains, ()).splitlines() == [
        "model:",
        "  id: m               # g.yaml:12:3",
        "  params:",
        "    temperature: 0.1  # i.yaml:7:3",
        "init: false",
        'tags: ["a"]           # i.yaml:7:3',
    ]


def test_text_keeps_its_lines_and_loses_its_escapes() -> None:
    text = write_document({"text": "one\n\x1b[2Jtwo\n"}, {}, ())
    assert text == "text: |\n  one\n  \\x1b[2Jtwo"


def test_as_a_document(chains: Chains) -> None:
    document = explain_document("production", "support", chains, ("model", "params"))
    assert document == {
        "format": "agentgit/explain@1",
        "environment": "production",
        "instance": "support",
        "values": [
            {
                "path": "model.params.temperature",
                "settings": [
                    {
                        "value": 0.1,
                        "state": "set",
                        "origin": {"layer": "instance", "path": "i.yaml", "line": 7, "column": 3},
                    },
                    {
                        "value": 0.2,
                        "state": "overridden",
                        "origin": {"layer": "global", "path": "g.yaml", "line": 12, "column": 3},
                    },
                ],
            }
        ],
    }

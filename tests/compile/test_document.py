"""What `compile` prints is deterministic and reads back equal."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.compile import events
from agentgit.compile.build import compile_environment
from agentgit.compile.document import emit_yaml, resolved_document
from agentgit.compile.parse import parse_file
from agentgit.compile.tree import to_plain
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Json

CHARACTERS = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.text(st.sampled_from("ab :#-\n\t'\"\\0.{}[],&*!|>%@`?~"), max_size=10),
    st.sampled_from(["no", "012", "1e3", "null", "", "~", "2024-01-01", "a: b", "a #b", "- a",
                     "x\ny\n", "x\n\ny", "\nx\ny", "x \ny", "x\n  y\n", "x\n\n", "---", "...",
                     "a:b", "http://x/y:1", "\u2028", "\x85", "\ufeff", "\U0001f600", "a\r\nb"]),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False), TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


def read(text: str) -> Json:
    parsed = parse_file("x.yaml", text.encode())
    assert parsed.problems == [], text
    (document,) = parsed.documents
    return to_plain(document)


@given(VALUES)
def test_what_is_written_reads_back_equal(value: Json) -> None:
    assert json.dumps(read(emit_yaml(value))) == json.dumps(value)


@given(VALUES)
def test_the_other_parser_reads_the_same(value: Json) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "CParser", None)
        assert json.dumps(read(emit_yaml(value))) == json.dumps(value)


def test_it_is_pleasant_to_read() -> None:
    value = {
        "image": "ghcr.io/acme/support:1.4.0",
        "on": "yes",
        "empty": {},
        "none": [],
        "steps": [{"pause": {"duration": "2m"}, "weight": 10}, ["a", 1.5]],
        "text": "Be kind.\n\nBe brief.\n",
    }
    assert emit_yaml(value) == (
        "image: ghcr.io/acme/support:1.4.0\n"
        '"on": "yes"\n'
        "empty: {}\n"
        "none: []\n"
        "steps:\n"
        "  - pause:\n"
        "      duration: 2m\n"
        "    weight: 10\n"
        "  - - a\n"
        "    - 1.5\n"
        "text: |\n"
        "  Be kind.\n"
        "\n"
        "  Be brief.\n"
    )


def test_the_document_of_an_instance(make_snapshot: Callable[..., Snapshot]) -> None:
    (instance,) = compile_environment(make_snapshot(), "production").instances
    document = resolved_document(instance)
    assert list(document) == sorted(document)
    assert document["name"] == "support-eu"
    assert document["agent"] == "support"
    assert document["labels"] == {"region": "eu", "risk": "low", "team": "cx"}
    assert document["revision"] == instance.revision
    assert document["spec"]["rollout"]["steps"] == [
        {"setWeight": 10},
        {"pause": {"duration": "2m"}},
    ]
    assert document["spec"]["container"]["stop_grace_period"] == "10s"
    assert read(emit_yaml(document)) == document
    assert json.loads(json.dumps(document)) == document

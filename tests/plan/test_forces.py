"""What a field forces is said in one table, which must agree with what a revision is made of."""

from __future__ import annotations

import pytest

from agentgit.model.container import IN_PLACE, Container
from agentgit.model.spec import AgentSpec
from agentgit.plan.field_facts import changed_lines, count_changed, find_forced
from agentgit.plan.fields import _CONTENT

_IN_REVISION = {AgentSpec.model_fields[name.replace("S", "_s")].alias or name for name in _CONTENT}


def test_every_block_has_what_it_forces() -> None:
    for name, field in AgentSpec.model_fields.items():
        path = (field.alias or name,)
        expected = "replace" if path[0] in _IN_REVISION else None
        if expected:
            assert find_forced(path) == expected, path
        else:
            assert find_forced(path) in {"nothing", "move"}, path


def test_every_field_of_a_container() -> None:
    for name in Container.model_fields:
        expected = "in-place" if name in IN_PLACE else "replace"
        assert find_forced(("container", name)) == expected, name
    deep = ("container", "deploy", "resources", "limits", "memory")
    assert find_forced(deep) == "in-place"


@pytest.mark.parametrize(
    ("path", "forced"),
    [
        (("scale", "replicas"), "scale"),
        (("placement", "matchLabels", "region"), "move"),
        (("hosts", "eu-1", "labels", "region"), "move"),
        (("rollout", "strategy"), "nothing"),
        (("agent",), "nothing"),
        (("labels", "team"), "nothing"),
    ],
)
def test_what_needs_no_new_replica(path: tuple[str, ...], forced: str) -> None:
    assert find_forced(path) == forced


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\nd\n", "a\nB\nc\nD\n", (2, 4)),
        ("a\nb\n", "a\nb\nc\n", (3,)),
        ("a\nb\nc\n", "a\nc\n", ()),
        ("a\n", "a\n", ()),
    ],
)
def test_only_new_lines_are_counted(before: str, after: str, lines: tuple[int, ...]) -> None:
    assert count_changed(before, after) == lines
    if lines:
        assert changed_lines(before, after) == (lines[0], lines[-1])

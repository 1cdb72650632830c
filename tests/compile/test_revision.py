"""What changes a revision, what does not, and today's digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from agentgit.compile.build import compile_environment
from agentgit.compile.revision import Written, compute_revisions
from agentgit.model.desired import Instance
from agentgit.model.snapshot import Snapshot
from agentgit.model.spec import AgentSpec
from agentgit.model.value import Value

MakeSnapshot = Callable[..., Snapshot]
PATH = "environments/production/instances/support-eu.yaml"
HEAD = "kind: Instance\nmetadata: {name: support-eu}\nspec:\n  agent: support\n"


def compiled(make_snapshot: MakeSnapshot, line: str = "", **files: str | None) -> Instance:
    changes = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    snapshot = make_snapshot({PATH: HEAD + (f"  {line}\n" if line else ""), **changes})
    (instance,) = compile_environment(snapshot, "production").instances
    return instance


def test_todays_digests(make_snapshot: MakeSnapshot) -> None:
    """A change here recreates every replica of every user: raise FORMAT, or do not change it."""
    one = compiled(make_snapshot)
    assert one.revision == REVISION
    assert one.process_revision == PROCESS_REVISION
    assert compute_revisions(AgentSpec(), "") == (EMPTY, EMPTY_PROCESS)


REVISION = "e1daa15a555a40a3b46e417ac924b9a0631950e8e2e65365f1152a7c563fa8a1"
PROCESS_REVISION = "51ab6ef1cc089b0692ed931cfd9b94491a2470da94f7f9fa571e2ce48acd9ce9"
EMPTY = "3cdac85dda7e5931b2e9f26fca3923c80c690800b0e17371627fe336c204b6db"
EMPTY_PROCESS = "bb3a535b5631046279dab0d4a22b3dfd1f33379fd352bb14320c9a33671a784d"


BOTH = (True, True)
CONTAINER = (True, False)
PROCESS = (False, True)
NEITHER = (False, False)


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("model: {id: other}", BOTH),
        ("model: {params: {temperature: 0.3}}", BOTH),
        ("card: {description: Other}", BOTH),
        ("tools: {web: {mcpServer: web}}", BOTH),
        ("config: {language: de}", BOTH),
        ("instructions: {text: Hi}", BOTH),
        ("container: {environment: {A: b}}", BOTH),
        ("container: {ports: {http: {target: 8081}}}", BOTH),
        ("container: {healthcheck: {interval: 6s}}", BOTH),
        ("container: {stop_grace_period: 11s}", BOTH),
        ("container: {image: other}", CONTAINER),
        ("container: {command: [other]}", CONTAINER),
        ("container: {read_only: true}", CONTAINER),
        ("container: {labels: {a: b}}", CONTAINER),
        ("container: {volumes: [data:/data]}", CONTAINER),
        ("process: {command: [other]}", PROCESS),
        ("process: {environment: {A: b}}", PROCESS),
        ("process: null", PROCESS),
        ("container: {restart: always}", NEITHER),
        ("container: {deploy: {resources: {limits: {memory: 1g, cpus: 2, pids: 9}}}}", NEITHER),
        ("scale: {replicas: 9}", NEITHER),
        ("placement: {matchLabels: {a: b}}", NEITHER),
        ("rollout: {strategy: recreate}", NEITHER),
        ("container: {stop_signal: SIGTERM, init: false, cap_add: []}", NEITHER),  # the defaults
        ("instructions: {text: 'Be kind.\n\n    Be brief.\n\n    '}", NEITHER),  # the same bytes
    ],
)
def test_what_changes_the_revision(
    make_snapshot: MakeSnapshot, line: str, changes: tuple[bool, bool]
) -> None:
    before, after = compiled(make_snapshot), compiled(make_snapshot, line)
    assert (
        before.revision != after.revision,
        before.process_revision != after.process_revision,
    ) == changes


def test_labels_of_the_instance_are_not_in_it(make_snapshot: MakeSnapshot) -> None:
    labelled = HEAD.replace("name: support-eu", "name: support-eu, labels: {a: b}")
    (after,) = compile_environment(make_snapshot({PATH: labelled}), "production").instances
    before = compiled(make_snapshot)
    assert (after.revision, after.labels["a"]) == (before.revision, "b")


def test_the_prompt_counts_by_its_bytes_and_not_by_its_path(make_snapshot: MakeSnapshot) -> None:
    before = compiled(make_snapshot)
    changed = compiled(make_snapshot, global__prompts__support_dot_md="Be kind.\nBe brief!\n")
    assert before.revision != changed.revision
    moved = compiled(
        make_snapshot,
        "instructions: {file: ../../../prompts/moved.md}",
        prompts__moved_dot_md="Be kind.\nBe brief.\n",
    )
    assert before.revision == moved.revision


def test_the_source_of_a_process_counts_by_its_content(make_snapshot: MakeSnapshot) -> None:
    before = compiled(make_snapshot)
    edited = compiled(make_snapshot, agents__support__agent_dot_py="print('bye')\n")
    added = compiled(make_snapshot, agents__support__more_dot_py="")
    assert len({one.process_revision for one in (before, edited, added)}) == 3
    assert len({one.revision for one in (before, edited, added)}) == 1
    (runnable,) = compile_environment(
        make_snapshot({PATH: HEAD}, {"agents/support/agent.py": "100755"}), "production"
    ).instances
    assert runnable.process_revision != before.process_revision
    moved = compiled(
        make_snapshot,
        "process: {source: ../../../elsewhere}",
        elsewhere__agent_dot_py="print('hello')\n",
    )
    assert moved.process_revision == before.process_revision


def test_key_order_and_list_forms_do_not_matter(make_snapshot: MakeSnapshot) -> None:
    one = compiled(make_snapshot, "container: {environment: {A: 1, B: 2}}")
    two = compiled(make_snapshot, "container: {environment: [B=2, A=1]}")
    assert (one.revision, one.process_revision) == (two.revision, two.process_revision)


def test_set_to_the_default_is_not_set() -> None:
    plain = AgentSpec.model_validate({"container": {"image": "a"}})
    spelt = AgentSpec.model_validate({
        "card": {"defaultInputModes": ["text/plain"]},
        "container": {"image": "a", "stop_grace_period": "10s", "environment": {}},
    })  # fmt: skip
    assert compute_revisions(plain, "x") == compute_revisions(spelt, "x")


def test_blocks_that_were_written_before_change_no_digest(make_snapshot: MakeSnapshot) -> None:
    """Text that is put together of remembered parts is the text of the whole, written at once."""
    specs = [
        compiled(make_snapshot, line).spec
        for line in ("", "tools: {b-c: {mcpServer: x}, b: {agent: q}, b2: {agent: z}}",
                     "config: {é: 1, a b: {}, list: []}", "instructions: {text: ''}",
                     "model: null", "process: null", "card: null")
    ]  # fmt: skip
    written: Written = {}
    for spec in specs * 2:
        for source in ("", "abc"):
            expected = (write_whole("container", spec, ""), write_whole("process", spec, source))
            assert compute_revisions(spec, source, written) == expected


def write_whole(kind: str, spec: AgentSpec, source: str) -> str:
    def dump(value: Value, **which: Any) -> dict[str, Any]:
        return value.model_dump(mode="json", by_alias=True, exclude_defaults=True, **which)

    content = dump(spec, include={"card", "model", "tools", "config"})
    container = dump(spec.container, exclude={"restart", "deploy"}) if spec.container else {}
    content["instructions"] = spec.instructions.text if spec.instructions else None
    content["container"] = container
    if kind == "process":
        counted = {"environment", "ports", "healthcheck", "stop_grace_period", "stop_signal"}
        content["container"] = {key: container[key] for key in container if key in counted}
        content["source"] = source
        if spec.process is not None:
            content["process"] = dump(spec.process, exclude={"source"})
    content = {key: value for key, value in content.items() if value not in ({}, None, "")}
    text = json.dumps({"format": 1, "kind": kind, **content}, sort_keys=True,
                      separators=(",", ":"))  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()

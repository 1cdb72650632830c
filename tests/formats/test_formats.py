"""What released versions have written is read by this one, and means the same.

A folder is what `tests.formats.write` wrote with the version of its name. Whoever sees a test here
fail has made an upgrade that recreates replicas, forgets baselines, or loses what is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.compile.revision import compute_revisions
from agentgit.effects import HostStore
from agentgit.execute.lease_value import Holder, Seen, read_newest
from agentgit.execute.wish import Wish, Wishes, cannot_tell
from agentgit.model.baseline import READER, Baseline
from agentgit.model.observed import HostState, Replica
from agentgit.model.progress import Passage
from agentgit.model.spec import AgentSpec
from agentgit.plan.baseline import describe_drift, judge_host
from agentgit.providers.docker.facts import read_facts
from agentgit.providers.docker.inspection import read_replica
from agentgit.record.ledger import GitLedger
from agentgit.record.plan_file import read_plan_file
from agentgit.record.reading import read_event, read_record
from agentgit.source.repository import GitSource
from agentgit.workflow.progress import find_passages
from tests.builders import ENVIRONMENT, PROJECT_ID, Fleet, make_desired, make_instance
from tests.formats.samples import EVENTS, INSPECTED
from tests.repositories import (  # noqa: F401 - fixtures
    _own_git_configuration,
    commit,
    git,
    opened,
    repository,
)

FOLDERS = sorted(one.parent for one in Path(__file__).parent.glob("*/rollout.json"))
COMMIT = "5f" * 20
ROLLOUT = "20261120-081530-7f3a"


@pytest.fixture(params=FOLDERS, ids=[one.name for one in FOLDERS])
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def fleet(folder: Path) -> Fleet:
    """A host that keeps what that version has left there."""
    made = Fleet()
    for path in folder.glob(f"*-{ENVIRONMENT}*"):
        made.providers["host-1"].store.create(path.name, path.read_bytes())
    return made


@pytest.fixture
def store(fleet: Fleet) -> HostStore:
    return fleet.providers["host-1"].store


def _load(path: Path) -> Any:
    return json.loads(path.read_text())


def test_there_is_a_folder() -> None:
    assert FOLDERS


def test_no_revision_has_changed(folder: Path) -> None:
    pinned = _load(folder / "revisions.json")
    assert len(pinned) >= 30
    for one in pinned:
        spec = AgentSpec.model_validate(one["document"])
        now = compute_revisions(spec, "5e" * 20)
        assert now == (one["container"], one["process"]), one["document"]


def test_the_facts_of_a_container_have_their_names_and_values(folder: Path) -> None:
    baseline = Baseline.model_validate_json((folder / "baselines-production").read_bytes())
    if baseline.reader == READER:
        assert read_facts(INSPECTED, "docker") == _load(folder / "facts.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [({}, ""), ({"CpusetCpus": "1"}, "cpuset 0 -> 1"), ({"Init": False}, "init")],
)
def test_a_baseline_tells_what_somebody_changed(
    folder: Path, change: dict[str, Any], said: str
) -> None:
    baseline = Baseline.model_validate_json((folder / "baselines-production").read_bytes())
    found = INSPECTED | {"HostConfig": INSPECTED["HostConfig"] | change}
    replica = Replica.model_validate(
        {"host": "host-1", "id": INSPECTED["Id"], "name": "acme-1", "instance": "support",
         "agent": "support", "slot": 1, "revision": "r", "commit": "c", "state": "running",
         "facts": read_facts(found, "docker")}
    )  # fmt: skip
    state = HostState(host="host-1", engine="docker", version=baseline.engine, replicas=(replica,))
    (judged,) = judge_host(state, baseline).replicas
    assert describe_drift(judged).startswith(said)
    assert bool(judged.drift) == bool(said)
    assert judged.unverified == (baseline.reader != READER)


def test_a_lease_is_somebody_elses(store: HostStore) -> None:
    seen = read_newest(store, ENVIRONMENT, "host-1")
    holder = Holder("Ana", ROLLOUT, "2026-11-20T08:15:30Z", COMMIT, "apply", yields=True,
                    machine="laptop")  # fmt: skip
    assert seen == Seen("host-1", 7, holder, released=False, paused=True, content=seen.content)


def test_a_wish_is_heard(store: HostStore) -> None:
    assert Wishes(store, ENVIRONMENT, cannot_tell).read() == Wish(COMMIT, "Ana", ROLLOUT)


def test_a_pause_that_was_passed_is_over(fleet: Fleet) -> None:
    canary = {"strategy": "canary", "steps": [{"setWeight": 25}, {"pause": {"duration": "1m"}}]}
    desired = make_desired(make_instance(rollout=canary))
    passage = Passage(instance="support", old="ab" * 32, new="ac" * 32, weight=25)
    assert find_passages(dict(fleet.providers), desired) == {passage}


def test_labels_say_what_a_replica_is(folder: Path) -> None:
    labels = _load(folder / "labels.json")
    config = {**INSPECTED["Config"], "Labels": labels}
    found = read_replica({**INSPECTED, "Config": config, "State": {}}, "host-1", "docker")
    assert (found.instance, found.agent, found.slot) == ("support", "support", 1)
    assert (found.commit, found.rollout, found.fence) == (COMMIT, ROLLOUT, 7)
    assert (found.name, found.image) == (labels["dev.agentgit.self"], "acme/support:1")
    assert len(found.revision) == 64


def test_a_record_is_read_whole(folder: Path) -> None:
    data = (folder / "rollout.json").read_bytes()
    record = read_record(data)
    assert record is not None
    now = json.loads(record.model_dump_json())
    assert {key: now.get(key) for key in json.loads(data)} == json.loads(data)
    assert all(json.loads(data).values())


def test_every_event_is_read(folder: Path) -> None:
    lines = (folder / "events.jsonl").read_bytes().splitlines()
    assert tuple(read_event(line) for line in lines) == EVENTS


def test_what_a_host_keeps_of_a_rollout_is_brought_back(
    folder: Path,
    repository: Path,  # noqa: F811 - a fixture
    opened: Callable[[Path], GitSource],  # noqa: F811 - a fixture
) -> None:
    ledger = GitLedger(opened(repository).git, PROJECT_ID)
    record = ledger.restore((folder / "ledger-value").read_bytes())
    assert record == read_record((folder / "rollout.json").read_bytes())
    assert ledger.rollouts(ENVIRONMENT) == (record,)
    assert ledger.events(ENVIRONMENT, ROLLOUT) == EVENTS
    plan = ledger.plan(ENVIRONMENT, ROLLOUT)
    assert plan is not None
    assert [one.kind for one in plan.changes] == ["create"]
    assert plan.intent_digest == _load(folder / "plan.json")["intent_digest"]


def test_a_saved_plan_can_be_carried_out(folder: Path) -> None:
    saved = read_plan_file(folder / "saved-plan.json")
    assert saved.asked.only == ("support",)
    assert [one.kind for one in saved.plan.changes] == ["create"]
    assert saved.plan.waves

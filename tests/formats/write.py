"""Writes down what this version writes, once for a release: `python -m tests.formats.write`.

The folder has the version's name and is never written again: what lies there was written by that
version, and every later one must read it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentgit import __version__
from agentgit.compile.revision import compute_revisions
from agentgit.effects import HostStore
from agentgit.execute.lease_value import Holder, name_lease, write_lease
from agentgit.execute.wish import Wish, Wishes, cannot_tell
from agentgit.model.baseline import Baseline
from agentgit.model.plan import Pin, Plan
from agentgit.model.progress import Passage
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.saved_plan import Asked, SavedPlan
from agentgit.model.spec import AgentSpec
from agentgit.model.steps import CreateReplica, Hold, Stamp
from agentgit.providers.docker.facts import read_facts
from agentgit.providers.docker.labels import label_replica
from agentgit.record.ledger import GitLedger
from agentgit.record.milestone import begin_files, milestone_files
from agentgit.record.plan_file import write_plan_file
from agentgit.source.repository import GitSource
from agentgit.workflow.progress import note_passages
from tests.builders import ENVIRONMENT, PROJECT_ID, Fleet, make_desired, make_instance
from tests.corpus.fields import make_configurations
from tests.formats.samples import EVENTS, INSPECTED, SPECS

FOLDER = Path(__file__).parent / __version__
COMMIT = "5f" * 20
WHEN = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)


def main() -> None:
    """Write the folder of this version, which must not be there."""
    FOLDER.mkdir()
    fleet = Fleet()
    plan = fleet.plan(make_desired(make_instance(), commit=COMMIT[:2]))
    record = make_record()
    _write("revisions.json", [_digest(one) for one in _documents()])
    _write("facts.json", read_facts(INSPECTED, "docker"))
    _write("labels.json", _label(plan))
    for name, data in _store_values(fleet).items():
        (FOLDER / name).write_bytes(data)
    files = begin_files(record, plan) | milestone_files(record, EVENTS)
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)
    (FOLDER / "ledger-value").write_bytes(_pack(record, plan))
    tool = f"agentgit {__version__}"
    saved = SavedPlan(tool=tool, saved_at=WHEN, asked=Asked(only=("support",)), plan=plan)
    write_plan_file(FOLDER / "saved-plan.json", saved)
    (FOLDER / "saved-plan.json").chmod(0o644)


def make_record() -> RolloutRecord:
    """Make a record in which every field says something."""
    failure = Failure(
        instance="support", host="host-1", replica="acme-1", revision="ab" * 32, step="health",
        message="it is unhealthy", hint="look at its log", fault="revision", log=("one", "two"),
    )  # fmt: skip
    pin = Pin(commit=COMMIT, instead_of="6a" * 20, owner="Ana", reason="wait", since=WHEN,
              expires=WHEN)  # fmt: skip
    return RolloutRecord(
        id="20261120-081530-7f3a", kind="apply", project_id=PROJECT_ID, environment=ENVIRONMENT,
        commit=COMMIT, intent="cd" * 32, actor="Ana <ana@acme.example>",
        tool=f"agentgit {__version__}", started_at=WHEN, finished_at=WHEN, outcome="partial",
        fence=7, instances=("support",), only=("support",), reason="why", pin=pin,
        failure=failure, failures=(failure,), resumes="20261120-081500-aaaa",
        superseded_by="7b" * 20, retry=True, allow=("removed",), saved_plan="ef" * 32,
        revisions={"support": ("ab" * 32, "ac" * 32)}, back_to=("8c" * 20,),
        hosts={"host-1": "docker"}, images={"ab" * 32: {"host-1": "sha256:8b"}},
        added=1, changed=2, removed=3,
    )  # fmt: skip


def _documents() -> list[dict[str, Any]]:
    return [*SPECS, *({"container": block} for block in make_configurations(24))]


def _digest(document: dict[str, Any]) -> dict[str, Any]:
    container, process = compute_revisions(AgentSpec.model_validate(document), "5e" * 20)
    return {"container": container, "process": process, "document": document}


def _label(plan: Plan) -> dict[str, str]:
    steps = (step for move in plan.moves for step in move.prepare)
    spec = next(step.replica for step in steps if isinstance(step, CreateReplica))
    return label_replica(spec, Stamp(rollout="20261120-081530-7f3a", fence=7))


def _store_values(fleet: Fleet) -> dict[str, bytes]:
    """Have the values written that a host keeps, by their names."""
    provider = fleet.providers["host-1"]
    store: HostStore = provider.store
    passage = Passage(instance="support", old="ab" * 32, new="ac" * 32, weight=25)
    hold = Hold(duration=1.0, replicas=(("host-1", "acme-1"),), passes=(passage,))
    note_passages(dict(fleet.providers), ENVIRONMENT, hold)
    wish = Wish(commit=COMMIT, actor="Ana", rollout="20261120-081530-7f3a")
    Wishes(store, ENVIRONMENT, cannot_tell).leave(wish)
    facts = read_facts(INSPECTED, "docker")
    baseline = Baseline(engine="26.1.5", facts={INSPECTED["Id"]: facts})
    store.create(f"baselines-{ENVIRONMENT}", baseline.model_dump_json().encode())
    holder = Holder("Ana", "20261120-081530-7f3a", "2026-11-20T08:15:30Z", COMMIT, "apply",
                    yields=True, machine="laptop")  # fmt: skip
    store.create(name_lease(ENVIRONMENT, 7), write_lease(holder, 3, paused=True))
    return {name: store.read(name) or b"" for name in store.names("")}


def _pack(record: RolloutRecord, plan: Plan) -> bytes:
    """Pack a rollout that began in a repository, and whose end could not be written there."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        (Path(folder) / "agentgit.yaml").write_text("x")
        source = GitSource.open(folder)
        ledger = GitLedger(source.git, PROJECT_ID)
        begun = record.model_copy(update={"commit": "", "outcome": "running", "finished_at": None})
        ledger.begin(begun, plan)
        packed = ledger.export(ENVIRONMENT, record.id, (record, EVENTS))
        source.close()
        return packed


def _write(name: str, value: object) -> None:
    (FOLDER / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

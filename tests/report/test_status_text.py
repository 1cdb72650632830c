from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from agentgit.model.desired import Desired, Instance, Project
from agentgit.model.observed import FactChange, HostState, Observed, Replica, Unreachable
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.spec import AgentSpec, Host, Rollout
from agentgit.report.json_v1_status import status_document
from agentgit.report.status_text import write_status
from tests.documents import check_document

Show = Callable[..., str]


@pytest.fixture
def desired(commit: Commit) -> Desired:
    instance = Instance(
        name="web",
        agent="web",
        path="environments/production/instances/web.yaml",
        spec=AgentSpec.model_validate({"scale": {"replicas": 3}}),
        rollout=Rollout(),
        revision="9c41d07e" + "0" * 56,
        process_revision="9c41d07e" + "0" * 56,
    )
    return Desired(
        project=Project(id="p", name="acme"),
        environment="production",
        commit=commit,
        hosts={"eu-1": Host()},
        instances=(instance,),
    )


@pytest.fixture
def observed(now: datetime, commit: Commit) -> Observed:
    def replica(slot: int, **fields: object) -> Replica:
        given = {
            "host": "eu-1",
            "id": f"{slot}" * 64,
            "name": f"acme-web-{slot}",
            "instance": "web",
            "agent": "web",
            "slot": slot,
            "revision": "9c41d07e" + "0" * 56,
            "commit": commit.sha,
            "state": "running",
            "health": "healthy",
            "started_at": (now - timedelta(hours=3)).isoformat().replace("+00:00", ".123456789Z"),
        }
        return Replica.model_validate(given | fields)

    replicas = (
        replica(2, health="unhealthy", restarts=4),
        replica(0, addresses={"http": "127.0.0.1:32768"}),
        replica(1, state="exited", exit_code=1, health="none", error="boom\x1b[2J"),
        replica(0, instance="old", name="acme-old-0"),
    )
    host = HostState(host="eu-1", engine="docker", version="20.10.24", replicas=replicas)
    return Observed(environment="production", hosts=(host,))


@pytest.fixture
def show(desired: Desired, now: datetime) -> Show:
    def call(observed: Observed, plan: Plan | None, *records: RolloutRecord) -> str:
        return write_status(desired, observed, plan, records=records, now=now)

    return call


def test_old_and_new_replicas_of_a_slot_are_told_apart(
    show: Show, observed: Observed, plan: Plan
) -> None:
    old = observed.replicas[0].model_copy(
        update={"instance": "web", "slot": 1, "revision": "1b2c3d4e" + "0" * 56, "name": "z"}
    )
    host = observed.hosts[0].model_copy(update={"replicas": (*observed.hosts[0].replicas, old)})
    text = show(observed.model_copy(update={"hosts": (host,)}), plan)
    assert "revision 9c41d07e, wanted  since" in text
    assert "revision 1b2c3d4e, old     since" in text


def test_only_rollouts_and_unpins_do_not_say_what_runs(
    show: Show, observed: Observed, plan: Plan, records: tuple[RolloutRecord, ...]
) -> None:
    part = records[0].model_copy(update={"commit": "f" * 40, "only": ("web",), "pin": None})
    unpin = records[0].model_copy(update={"commit": "e" * 40, "kind": "unpin", "pin": None})
    first = show(observed, plan, unpin, part, *records).splitlines()[0]
    assert first == "production: last applied 88e01b2, 4 minutes ago by Ana"


def test_after_going_back_the_commit_is_named(
    show: Show, observed: Observed, plan: Plan, records: tuple[RolloutRecord, ...]
) -> None:
    assert show(observed, plan, *records[1:]).splitlines()[0] == (
        "production: went back to 88e01b2, 57 minutes ago by Ana: a rollout to 3f2a91c failed"
    )


EXPECTED = """\
production: last applied 88e01b2, 4 minutes ago by Ana
  eu-1  docker 20.10.24  4 replicas

  old  not asked for
    0  eu-1  healthy  up 3 hours  revision 9c41d07e  since 3f2a91c
  web  1 of 3 serving
    0  eu-1  healthy                     up 3 hours  revision 9c41d07e  since 3f2a91c  \
http 127.0.0.1:32768
    1  eu-1  exited with 1, boom\\x1b[2J              revision 9c41d07e  since 3f2a91c
    2  eu-1  unhealthy, 4 restarts       up 3 hours  revision 9c41d07e  since 3f2a91c

last rollout: 20261120-115500-0003 rollback succeeded, 4 minutes ago by Ana
4 changes are pending:  agentgit plan -e production"""


def test_status_shows_every_replica(
    show: Show, observed: Observed, plan: Plan, records: tuple[RolloutRecord, ...]
) -> None:
    assert show(observed, plan, *records) == EXPECTED


def test_all_well_is_said_first(show: Show, observed: Observed, quiet_plan: Plan) -> None:
    first = show(observed, quiet_plan).splitlines()[0]
    assert first.startswith('production at 3f2a91c "Raise refund limit"')
    assert first.endswith(", main: everything runs as it should")


def test_a_pin_is_shown(show: Show, observed: Observed, quiet_plan: Plan, pin: Pin) -> None:
    text = show(observed, quiet_plan.model_copy(update={"pin": pin}))
    assert "pinned at 88e01b2 instead of 3f2a91c by Ana, 5 minutes ago: refunds went wild" in text


def test_a_silent_host_is_unknown_not_empty(show: Show, observed: Observed) -> None:
    silent = Unreachable(host="eu-2", reason="eu-2: timed out")
    text = show(observed.model_copy(update={"unreachable": (silent,)}), None)
    assert "  ? eu-2 cannot be reached: timed out\n" in text
    assert "what is pending cannot be said while it is not known what runs on all hosts" in text
    assert "  web  1 of 3 seen serving\n" in text


def test_a_plan_that_was_refused_blames_no_host(show: Show, observed: Observed) -> None:
    last = show(observed, None).splitlines()[-1]
    assert last == "what is pending cannot be said here; to see why:  agentgit plan -e production"


def test_as_a_document(
    desired: Desired, observed: Observed, plan: Plan, records: tuple[RolloutRecord, ...]
) -> None:
    document = status_document(desired, observed, plan, records)
    check_document(document)
    assert document["format"] == "agentgit/status@1"
    assert document["pending"] is True
    old, web = document["instances"]
    assert (old["wanted"], web["wanted"]) == (0, 3)
    assert [one["serving"] for one in web["replicas"]] == [True, False, False]
    assert set(web["replicas"][0]) == {
        "slot", "host", "id", "name", "revision", "commit", "state", "health", "serving",
        "exitCode", "restarts", "startedAt", "addresses", "unverified", "changedByHand",
    }  # fmt: skip
    assert status_document(desired, observed, None, ())["pending"] is None


def test_a_change_by_hand_is_said(
    desired: Desired, observed: Observed, plan: Plan, now: datetime
) -> None:
    host = observed.hosts[0]
    drift = (FactChange(field="cpuset", after="0"),)
    first = host.replicas[0].model_copy(update={"drift": drift})
    second = host.replicas[1].model_copy(update={"unverified": True})
    state = host.model_copy(update={"replicas": (first, second)})
    text = write_status(
        desired, observed.model_copy(update={"hosts": (state,)}), plan, records=(), now=now
    )
    assert text.count(", changed by hand: cpuset") == 1
    assert text.count(", unverified") == 1

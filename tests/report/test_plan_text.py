from __future__ import annotations

from datetime import datetime

import pytest

from agentgit.model.change import Cause, Change, FieldChange
from agentgit.model.image import AbsentImage
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.steps import RemoveImage, RemoveLeftover
from agentgit.report.context import Context
from agentgit.report.extent import FULL
from agentgit.report.palette import COLOURED
from agentgit.report.plan_text import write_plan, write_summary

EXPECTED = """\
production at 3f2a91c "Raise refund limit" (Ana, 2 hours ago), main
compared with 2 hosts, 8 replicas, last verified at 88e01b2

  ! research-1  1 replica   missing
      its replica 0 is gone from eu-1
  ~ support-eu  2 replicas  prompt, model  (rolling, start-first)
      revision 1b2c3d4e -> 9c41d07e
      instructions  global/prompts/support.md:2
        | @@ -2 +2 @@
        | ~ You may refund up to [-50-]{+200+} EUR without asking.
      model.params.temperature  0.2 -> 0.1  environments/production/agents/support.yaml:6:21
                                            over global/agents/support.yaml:12:34
  ~ support-us  2 replicas  same change as support-eu
  + triage      1 replica   new  environments/production/instances/triage.yaml

  wave 1  rolling 1  support-eu, support-us  then hold 2m
  wave 2  rolling 2  support-eu, support-us

  reaches 6 of 10 replicas (60 %) · 4 of 5 instances · \
new replicas are healthy before old ones stop · at most 11 replicas at once
  1 to add, 2 to change, 1 to set back, 0 to remove, 1 unchanged

to carry it out:  agentgit apply -e production"""


def test_a_plan_reads_as_the_specification(
    plan: Plan, now: datetime, records: tuple[RolloutRecord, ...]
) -> None:
    context = Context(records=(records[0], records[2]))
    text = write_plan(plan, now=now, context=context, command="agentgit apply -e production")
    assert text == EXPECTED


def test_colour_only_adds_escapes(plan: Plan, now: datetime) -> None:
    import re

    coloured = write_plan(plan, now=now, palette=COLOURED)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == write_plan(plan, now=now)


def test_nothing_to_do_is_a_sentence(quiet_plan: Plan, now: datetime) -> None:
    assert write_plan(quiet_plan, now=now, command="agentgit apply") == (
        "No changes. production runs 3f2a91c on 2 hosts, 8 of 8 replicas healthy."
    )


def test_a_pin_is_said_first(quiet_plan: Plan, now: datetime, pin: Pin) -> None:
    plan = quiet_plan.model_copy(update={"pin": pin})
    assert write_plan(plan, now=now).splitlines()[:2] == [
        "pinned at 88e01b2 instead of 3f2a91c by Ana, 5 minutes ago: refunds went wild",
        "the pin ends with a newer commit, or with:  agentgit unpin -e production",
    ]


def test_the_work_tree_is_named_as_such(plan: Plan, now: datetime) -> None:
    text = write_plan(plan.model_copy(update={"commit": None}), now=now)
    assert text.startswith("production at the work tree, not committed\n")


def test_hundreds_of_equal_changes_stay_readable(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    many = tuple(changes[1].model_copy(update={"instance": f"tenant-{n:03}"}) for n in range(200))
    text = write_plan(plan.model_copy(update={"changes": many}), now=now)
    assert text.count("same change as tenant-000") == 5
    assert "~ 194 more instances with the same change: tenant-006, " in text
    assert len(text.splitlines()) < 30


def test_what_one_of_equal_changes_has_to_tell_is_told(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    """A missing replica is not hidden behind an edit that others have as well."""
    many = [changes[1].model_copy(update={"instance": f"tenant-{n:03}"}) for n in range(200)]
    gone = Cause(kind="missing", detail="slot 2 has no replica")
    for place in (0, 150):
        causes = (*many[place].causes, gone)
        many[place] = many[place].model_copy(update={"causes": causes})
    lines = write_plan(plan.model_copy(update={"changes": tuple(many)}), now=now).splitlines()
    assert lines[3].startswith("  ~ tenant-001")
    for name in ("tenant-000", "tenant-150"):
        at = next(n for n, line in enumerate(lines) if line.startswith(f"  ~ {name}"))
        assert lines[at].endswith("same change as tenant-001")
        assert lines[at + 1] == "      slot 2 has no replica"
    assert any("192 more instances with the same change" in line for line in lines)


@pytest.mark.parametrize("kind", ["create", "remove"])
def test_what_comes_or_goes_by_the_hundred_is_one_entry(
    plan: Plan, now: datetime, kind: str
) -> None:
    one = Change.model_validate({"kind": kind, "instance": "", "agent": "support", "replicas": 1,
                                 "path": "t.yaml", "touched": 1, "ran": 1})  # fmt: skip
    many = tuple(one.model_copy(update={"instance": f"t-{n:03}"}) for n in range(500))
    lines = write_plan(plan.model_copy(update={"changes": many}), now=now).splitlines()
    symbol, word = ("+", "new") if kind == "create" else ("-", "removed")
    assert sum(line.startswith(f"  {symbol} t-") for line in lines) == 6
    assert any(
        line.startswith(f"  {symbol} 494 more instances (494 replicas), {word} as well: t-006, ")
        for line in lines
    )
    whole = write_plan(plan.model_copy(update={"changes": many}), now=now, extent=FULL)
    assert all(one.instance in whole for one in many)
    assert " more" not in whole


def test_hosts_are_those_of_all_equal_changes(plan: Plan, now: datetime) -> None:
    many = tuple(Change(kind="create", instance=name, hosts=(host,), replicas=1, touched=1)
                 for name, host in (("a", "eu-2"), ("b", "eu-1")))  # fmt: skip
    assert "\n      on eu-1, eu-2\n" in write_plan(
        plan.model_copy(update={"changes": many}), now=now
    )


def test_what_is_long_is_shown_around_what_changes_never_cut(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    long = "Be polite. " * 12
    fields = (
        FieldChange(path="config.rules", change_class="config",
                    before=long + "Pay 50 EUR.", after=long + "Pay 5000 EUR."),
        FieldChange(path="config.added", change_class="config", had=False,
                    after=long + "Pay all."),
        FieldChange(path="container.image", change_class="image", before="acme/agent:1.4.0",
                    after=f"ghcr.io/acme/agent@sha256:{'0123' * 16}"),
        FieldChange(path="container.environment." + "VERY_LONG_NAME_" * 3,
                    change_class="container", before=1, after=2),
    )  # fmt: skip
    text = _one(plan, now, changes[1].model_copy(update={"fields": fields}))
    assert "Pay [-50-]{+5000+} EUR." in text
    assert "96 characters unchanged" in text
    assert f"| + {long}Pay all." in text
    assert f"acme/agent:1.4.0 -> ghcr.io/acme/agent@sha256:{'0123' * 16}" in text
    assert "container.environment." + "VERY_LONG_NAME_" * 3 in text


def test_the_summary_is_a_line_for_each_change(plan: Plan, now: datetime) -> None:
    text = write_summary(plan, now=now, command="agentgit apply -e production")
    head, _, rest = EXPECTED.partition("  ! ")
    assert (
        text
        == head.replace("last verified at 88e01b2", "never verified before")
        + """\
  ! research-1             1 replica   missing
  ~ support-eu and 1 more  4 replicas  prompt, model  (rolling, start-first)
  + triage                 1 replica   new  environments/production/instances/triage.yaml

"""
        + rest[rest.index("  reaches") :]
    )


def test_the_summary_does_not_hide_what_else_is_wrong(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    gone = Cause(kind="missing", detail="slot 2 has no replica")
    odd = changes[2].model_copy(update={"causes": (*changes[2].causes, gone)})
    text = write_summary(plan.model_copy(update={"changes": (changes[1], odd)}), now=now)
    assert "support-eu and 1 more  4 replicas  prompt, model  missing  (rolling" in text


def test_the_share_counts_what_comes_beside_what_stays(plan: Plan, now: datetime) -> None:
    """4 replaced, 2 new, 2 removed, 2 as they are: 8 of 10, not 8 of 8."""
    some = (
        Change(kind="replace", instance="a", replicas=4, ran=4, touched=4),
        Change(kind="create", instance="b", replicas=2, ran=0, touched=2),
        Change(kind="remove", instance="c", ran=2, touched=2),
        Change(kind="keep", instance="d", replicas=2, ran=2),
    )
    numbers = {"changes": some, "replicas_before": 8, "replicas_after": 8}
    text = write_plan(plan.model_copy(update=numbers), now=now)
    assert "reaches 8 of 10 replicas (80 %) · 3 of 4 instances" in text
    assert "**" not in text
    numbers = {"changes": (some[0], some[3]), "replicas_before": 1000, "replicas_after": 1000}
    assert "(under 1 %)" in write_plan(plan.model_copy(update=numbers), now=now)


def test_surplus_is_counted_of_all_that_run(plan: Plan, now: datetime) -> None:
    surplus = Cause(kind="surplus", detail="slots 3 to 5 are not asked for")
    change = Change(kind="scale", instance="a", replicas=2, ran=5, touched=3, causes=(surplus,))
    assert "  ! a  3 of 5 replicas  surplus" in _one(plan, now, change)


def test_an_image_that_has_to_be_pulled_is_named(plan: Plan, now: datetime) -> None:
    absent = (AbsentImage(name="acme/agent:2", hosts=("eu-1", "eu-2")),)
    text = write_plan(plan.model_copy(update={"absent_images": absent}), now=now)
    assert "  pulled first, as no such image is there: acme/agent:2 on eu-1, eu-2\n" in text


def test_stop_first_is_said_with_its_reason(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    change = changes[1].model_copy(
        update={"order": "stop-first", "order_reason": "the fixed host port 8080"}
    )
    text = write_plan(plan.model_copy(update={"changes": (change,)}), now=now)
    assert "(rolling, stop-first: the fixed host port 8080)" in text
    assert "stops before it starts: support-eu" in text


def _one(plan: Plan, now: datetime, change: Change, context: Context | None = None) -> str:
    return write_plan(
        plan.model_copy(update={"changes": (change,)}), now=now, context=context or Context()
    )


def _scale(changes: tuple[Change, ...], before: int, after: int) -> Change:
    field = FieldChange(path="scale.replicas", change_class="scale", before=before, after=after)
    return changes[1].model_copy(
        update={"kind": "scale", "replicas": after, "touched": abs(after - before),
                "fields": (field,), "order": None}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "size"),
    [(2, 4, "4 replicas, 2 more"), (3, 1, "1 replica, 2 fewer")],
)
def test_a_size_says_how_many_there_will_be(
    plan: Plan, changes: tuple[Change, ...], now: datetime, before: int, after: int, size: str
) -> None:
    text = _one(plan, now, _scale(changes, before, after))
    assert f"  ± support-eu  {size}  scale\n" in text
    assert f"scale.replicas  {before} -> {after}" in text


def test_a_part_of_the_replicas_is_named_as_such(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    part = changes[1].model_copy(update={"replicas": 3, "touched": 1})
    assert "~ support-eu  1 of 3 replicas  prompt, model" in _one(plan, now, part)


def test_a_removed_instance_names_its_file(plan: Plan, now: datetime) -> None:
    gone = Change(
        kind="remove", instance="web", touched=2, causes=(Cause(kind="removed", detail=""),)
    )
    assert "- web  2 replicas  no file declares it\n" in _one(plan, now, gone)
    known = gone.model_copy(update={"path": "environments/production/instances/web.yaml"})
    assert "  no longer declared in environments/production/instances/web.yaml\n" in (
        _one(plan, now, known)
    )
    assert "declare" not in _one(plan, now, known, Context(kind="destroy"))


def test_health_is_only_claimed_where_it_is_checked(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    text = _one(plan, now, changes[1], Context(unchecked=frozenset({"support-eu"})))
    assert "new replicas run before old ones stop" in text
    assert "no health check is declared, running counts as healthy: support-eu" in text
    assert "are healthy before" not in text


def test_equal_short_revisions_are_no_change(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    same = changes[1].model_copy(update={"from_revisions": ("9c41d07e" + "1" * 56,)})
    assert "revision" not in _one(plan, now, same)


def test_leftovers_are_named(plan: Plan, now: datetime) -> None:
    cleanup = (RemoveLeftover(host="eu-1", what="network", id="n1", name="acme-production-old"),)
    text = write_plan(plan.model_copy(update={"cleanup": cleanup}), now=now)
    assert "  afterwards removed, as nothing uses it: network acme-production-old\n" in text


def test_images_that_go_are_named(plan: Plan, now: datetime) -> None:
    ids = (f"sha256:{letter * 64}" for letter in "ab")
    cleanup = tuple(
        RemoveImage(host="eu-1", environment="production", id=one, name="acme/support:1")
        for one in ids
    )
    text = write_plan(plan.model_copy(update={"cleanup": cleanup}), now=now)
    said = "acme/support:1 (aaaaaaaaaaaa) on eu-1, acme/support:1 (bbbbbbbbbbbb) on eu-1"
    assert f"  afterwards removed, as no kept revision needs it: images {said}\n" in text


def test_only_counts_the_whole_environment(
    plan: Plan, changes: tuple[Change, ...], now: datetime
) -> None:
    text = _one(plan, now, changes[1], Context(only=("support-eu",), instances=5))
    assert " · 1 of 5 instances · " in text
    assert text.endswith("0 to add, 1 to change, 0 to remove, 0 unchanged, 4 left out")


def test_a_pin_to_be_set_is_announced(plan: Plan, now: datetime, pin: Pin) -> None:
    text = write_plan(plan.model_copy(update={"pin": pin}), now=now, context=Context(pinning=True))
    assert (
        "carrying this out pins production at 88e01b2 instead of 3f2a91c, "
        "until a newer commit or:  agentgit unpin -e production\n"
    ) in text
    assert "pinned at" not in text


def test_the_end_of_a_pin_is_told(plan: Plan, now: datetime, pin: Pin) -> None:
    text = write_plan(plan.model_copy(update={"ended_pin": pin}), now=now)
    assert "the pin at 88e01b2 by Ana (refunds went wild) ended with 3f2a91c\n" in text


def test_what_went_back_before_is_told(
    plan: Plan, now: datetime, records: tuple[RolloutRecord, ...]
) -> None:
    text = write_plan(plan, now=now, context=Context(records=records))
    line = (
        "this was tried 57 minutes ago and rolled back (rollout 20261120-110000-0002): "
        "support-eu: did not become healthy within 2m: GET /healthz answered 503\n"
    )
    assert line in text
    same = records[1].model_copy(update={"commit": "another", "intent": "i"})
    assert line in write_plan(plan, now=now, context=Context(records=(same,), intent="i"))
    later = records[1].model_copy(update={"outcome": "succeeded"})
    assert "tried" not in write_plan(plan, now=now, context=Context(records=(later, records[1])))
    assert "tried" not in write_plan(
        plan, now=now, context=Context(records=records, kind="restart")
    )


def test_another_branch_is_named(plan: Plan, now: datetime) -> None:
    text = write_plan(plan, now=now, context=Context(follows="main", here="feature"))
    assert (
        "production follows main; to see what feature would change:  "
        "agentgit plan -e production --revision feature\n"
    ) in text


def test_a_hostile_subject_is_escaped(plan: Plan, now: datetime) -> None:
    assert plan.commit is not None
    commit = plan.commit.model_copy(update={"subject": "\x1b[2Jgone"})
    assert "\x1b" not in write_plan(plan.model_copy(update={"commit": commit}), now=now)


def test_what_is_unverified_is_said(plan: Plan, now: datetime) -> None:
    one = write_plan(plan.model_copy(update={"unverified": ("web-1",)}), now=now)
    assert "1 replica is unverified: no baseline tells whether somebody changed it by hand" in one
    two = write_plan(plan.model_copy(update={"unverified": ("web-1", "web-2")}), now=now)
    assert "2 replicas are unverified" in two
    assert "unverified" not in write_plan(plan, now=now)

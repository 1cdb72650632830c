"""Last good, verified and previous, read from records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agentgit.model.plan import Pin
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.record.history import (
    known_hosts,
    known_identities,
    last_good,
    last_goods,
    previous_success,
    unfinished,
    unsettled,
    verified_commit,
)

Make = Callable[..., RolloutRecord]
Story = Callable[[str], tuple[RolloutRecord, ...]]


@pytest.fixture
def story(record: Make) -> Story:
    """Read a story, oldest first: `a b! c(x) <a destroy`.

    A letter is a commit that was applied; `!` it failed, `(x)` only instance x, `<` a rollback,
    `@` a restart.
    """

    def tell(text: str) -> tuple[RolloutRecord, ...]:
        records: list[RolloutRecord] = []
        applied = ""
        for minute, word in enumerate(text.split()):
            fields: dict[str, Any] = {"outcome": "failed" if "!" in word else "succeeded"}
            if "(" in word:
                fields["only"] = (word[word.index("(") + 1],)
            commit = word.lstrip("<@")[0]
            if word == "destroy":
                fields["kind"] = "destroy"
            elif word[0] == "<":
                since = datetime(2026, 11, 20, tzinfo=UTC)
                fields["pin"] = Pin(
                    commit=commit, instead_of=applied, owner="Ana", reason="", since=since
                )
                fields["kind"] = "rollback"
            elif word[0] == "@":
                fields["kind"] = "restart"
            else:
                applied = commit
            records.append(record(minute, commit=commit, **fields))
        return tuple(reversed(records))

    return tell


@pytest.mark.parametrize(
    ("text", "good", "verified", "previous"),
    [
        ("", None, None, None),
        ("a", "a", "a", None),
        ("a!", None, None, None),
        ("a b", "b", "b", "a"),
        ("a b!", "a", "a", None),
        ("a b c!", "b", "b", "a"),
        ("a b(x)", "b", "a", "a"),
        ("a b(y)", "a", "a", "a"),
        ("a b(y) c(y)", "a", "a", "a"),
        ("a b b b", "b", "b", "a"),
        ("a b @b", "b", "b", "a"),
        ("a destroy", None, None, None),
        ("a destroy b", "b", "b", None),
        ("a destroy!", "a", "a", None),
        ("a b c <b", "b", "b", "a"),
        ("a b c <b <a", "a", "a", None),
        ("a b c <b b", "b", "b", "a"),
        ("a b c <b d", "d", "d", "b"),
        ("a b c <x", "x", "x", "b"),
        ("a b <a! ", "b", "b", "a"),
    ],
)
def test_what_ran_well(
    story: Story, text: str, good: str | None, verified: str | None, previous: str | None
) -> None:
    records = story(text)
    found = (last_good(records, "x"), verified_commit(records), previous_success(records))
    assert found == (good, verified, previous)


def fail(instance: str) -> Failure:
    return Failure(instance=instance, step="await-healthy", message="no", fault="revision")


def test_what_succeeded_in_part_is_good_for_those_that_did(record: Make) -> None:
    part = record(2, commit="c", outcome="partial", failure=fail("y"), failures=(fail("y"),))
    records = (part, record(1, commit="b", outcome="succeeded"),
               record(0, commit="a", outcome="succeeded"))  # fmt: skip
    assert last_goods(records, ("x", "y")) == {"x": "c", "y": "b"}
    assert last_good(records, "y") == "b"
    assert verified_commit(records) == "b"
    assert previous_success(records) == "b"  # what runs now is neither c nor, wholly, b


def test_what_did_not_end_well_is_unsettled(record: Make) -> None:
    ended = [record(n, outcome=one) for n, one in enumerate(("succeeded", "failed", "partial"))]
    away = record(3, outcome="succeeded", unsettled=True)
    begun = record(4)
    assert unsettled((begun, away, *ended)) == {one.id for one in (begun, away, *ended[1:])}


def test_hosts_are_known_also_of_what_never_ended(record: Make) -> None:
    ended = record(1, outcome="succeeded", hosts={"eu-1": "docker"},
                   finished_at=datetime(2026, 11, 20, 9, tzinfo=UTC))  # fmt: skip
    begun = record(2, hosts={"eu-2": "docker"}, identities={"eu-2": "B"})
    assert known_hosts((begun, ended)) == {"eu-1": "docker", "eu-2": "docker"}
    assert known_identities((begun, ended)) == {"eu-2": "B"}
    marked = ended.model_copy(update={"identities": {"eu-1": "A", "eu-3": "C"}})
    assert known_identities((begun, marked)) == {"eu-1": "A", "eu-2": "B"}
    assert unfinished((begun, ended)) == (begun,)
    for kind in ("unpin", "break"):
        other = record(3, kind=kind, outcome="succeeded", finished_at=ended.finished_at)
        assert known_hosts((other, ended)) == {"eu-1": "docker"}
    assert known_hosts(()) == {}

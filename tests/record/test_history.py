"""Last good, verified and previous, read from records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agentgit.model.plan import Pin
from agentgit.model.rollout import RolloutRecord
from agentgit.record.history import last_good, previous_success, verified_commit

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

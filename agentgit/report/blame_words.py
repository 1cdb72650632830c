"""Who wrote a line last, in the words that every output uses for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentgit.model.origin import Blame, Blames, Origin, blame_of
from agentgit.report.palette import clip, safe
from agentgit.report.wording import word_age

_SUBJECT = 50


@dataclass(frozen=True)
class Blamer:
    """Blames places; `now` is what ages are counted from."""

    blames: Blames
    now: datetime

    def cells(self, origin: Origin) -> tuple[str, ...]:
        """Give commit, author, age and subject, ready to show."""
        blame = blame_of(origin, self.blames)
        if blame is None:
            return ()
        if blame.commit is None:
            return ("not committed",)
        commit = blame.commit
        subject = f'"{clip(safe(commit.subject), _SUBJECT)}"' if commit.subject else ""
        short = f"{commit.short} or earlier" if blame.or_earlier else commit.short
        return short, safe(commit.author), word_age(commit.time, self.now), subject

    def who(self, origin: Origin, last: int = 0) -> str:
        """Give commit and author only: `3f2a91c Ana`."""
        blame = blame_of(origin, self.blames, last)
        return "" if blame is None else write_who(blame)


def write_who(blame: Blame) -> str:
    """Write commit and author: `3f2a91c Ana`."""
    if blame.commit is None:
        return "not committed"
    return f"{blame.commit.short} {safe(blame.commit.author)}".rstrip()

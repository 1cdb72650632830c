"""Who wrote a line last, in the words that every output uses for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agentgit.model.change import FieldChange
from agentgit.model.origin import Blame, Blames, Origin, blame_of, blames_of
from agentgit.plan.field_facts import changed_lines, count_changed
from agentgit.report.palette import clip, safe
from agentgit.report.wording import word_age

_SUBJECT = 50
_NAMED = 3


@dataclass(frozen=True)
class Blamer:
    """Blames places; `now` is what ages are counted from, `files` who changed a file last."""

    blames: Blames
    now: datetime
    files: Mapping[str, Blame] = field(default_factory=dict)

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

    def who(self, origin: Origin) -> str:
        """Give commit and author only: `3f2a91c Ana`."""
        blame = blame_of(origin, self.blames)
        return "" if blame is None else _write_who(blame)

    def find(self, changed: FieldChange) -> tuple[Blame, ...]:
        """Find who wrote what decides a field: of a text, everybody who wrote a changed line.

        Nobody where only lines went: there is no line to blame.
        """
        origin = changed.origin
        if origin is None:
            return ()
        if changed.files:
            return tuple(one for one in [self.files.get(origin.path)] if one)
        if changed.lines is not None:
            before, after = str(changed.before), str(changed.after)
            begin = changed.lines[0] - changed_lines(before, after)[0]
            lines = [begin + line for line in count_changed(before, after)]
            return blames_of(origin, self.blames, lines)
        one = blame_of(origin, self.blames)
        return (one,) if one else ()

    def find_last(self, changed: FieldChange) -> Blame | None:
        """Find who changed the file last in which a value, or lines of it, are no more."""
        if self.find(changed):
            return None
        place = changed.origin or changed.was
        return self.files.get(place.path) if place else None

    def wrote(self, changed: FieldChange) -> str:
        """Say who wrote what decides a field: `3f2a91c Ana, 88e01b2 Li and 2 more`."""
        found = self.find(changed)
        if found:
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            return ", ".join(_write_who(one) for one in found[:_NAMED]) + more
        last = self.find_last(changed)
        return f"the file last changed by {_write_who(last)}" if last else ""

    def changed(self, path: str) -> str:
        """Say who changed a file last, or took it away."""
        last = self.files.get(path)
        return _write_who(last) if last else ""


def _write_who(blame: Blame) -> str:
    """Write commit and author: `3f2a91c Ana`."""
    if blame.commit is None:
        return "not committed"
    return f"{blame.commit.short} {safe(blame.commit.author)}".rstrip()

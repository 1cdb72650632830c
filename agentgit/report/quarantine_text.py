"""What is in quarantine, for an outcome and for a status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.progress import Quarantined
from agentgit.report.palette import PLAIN, Palette, clip, safe
from agentgit.report.wording import count, join_names, short_revision, word_age

_SHOWN = 5
_WIDTH = 100


def write_quarantine(quarantined: Sequence[Quarantined]) -> Iterator[str]:
    """Say what a rollout has put in quarantine, and what that means."""
    if quarantined:
        pairs = [f"{one.instance} {short_revision(one.revision)}" for one in quarantined]
        names, it = join_names(pairs), "it" if len(pairs) == 1 else "them"
        yield f"in quarantine: {names}; a commit that changes {it} is tried, any other is refused"


def write_standing_quarantine(
    quarantined: Sequence[Quarantined], now: datetime, palette: Palette = PLAIN
) -> Iterator[str]:
    """Write what is asked for and not tried again, each with its rollout and evidence."""
    for one in quarantined[:_SHOWN]:
        age = f"{word_age(one.since, now)}, " if one.since else ""
        said = clip(safe(one.message.partition("\n")[0]), _WIDTH)
        yield (
            f"{palette.paint('attention', 'in quarantine:')} {safe(one.instance)} "
            f"{short_revision(safe(one.revision))}, {age}rollout {safe(one.rollout)}, "
            f"{safe(one.step)}: {said}"
        )
    if len(quarantined) > _SHOWN:
        yield f"  ... and {count(len(quarantined) - _SHOWN, 'more instance')} in quarantine"

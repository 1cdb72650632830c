"""What `agentgit lock` says."""

from __future__ import annotations

from typing import Any

from agentgit.model.image import Locking, Pinning
from agentgit.report.json_v1 import problem_document
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import count

_SHOWN = len("sha256:") + 12  # characters of a digest that people compare


def write_locking(locking: Locking, path: str, palette: Palette = PLAIN) -> str:
    """Write what changes in the file, one line a name, and how many it has."""
    images = count(len(locking.digests), "image")
    if not locking.changes:
        rest = "" if locking.problems else " is up to date"
        return f"{path}{rest}: {images}"
    width = max(len(safe(one.name)) for one in locking.changes)
    lines = [_write(one, width, palette) for one in locking.changes]
    added = sum(not one.before for one in locking.changes)
    dropped = sum(not one.after for one in locking.changes)
    changed = len(locking.changes) - added - dropped
    counts = f"{added} added, {changed} changed, {dropped} dropped"
    return "\n".join([*lines, "", f"wrote {path}: {images}; {counts}"])


def locking_document(locking: Locking) -> dict[str, Any]:
    """What `agentgit lock --json` prints."""
    return {
        "format": "agentgit/image-lock@1",
        "images": dict(locking.digests),
        "changes": [one.model_dump(mode="json") for one in locking.changes],
        "problems": [problem_document(one) for one in locking.problems],
    }


def _write(one: Pinning, width: int, palette: Palette) -> str:
    name, after = safe(one.name).ljust(width), one.after[:_SHOWN]
    if not one.after:
        return f"  {palette.paint('remove', '-')} {name}  no instance names it any more"
    source = f"as on {safe(one.source)}" if one.source else "as its registry has it"
    if not one.before:
        return f"  {palette.paint('add', '+')} {name}  {after}  {source}"
    return f"  {palette.paint('change', '~')} {name}  {one.before[:_SHOWN]} -> {after}  {source}"

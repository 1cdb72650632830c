"""What works on this machine, what is missing and how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentgit.report.palette import PLAIN, Palette, Role, pad, safe

_MARKS: dict[str, tuple[str, Role]] = {
    "ok": ("ok", "good"),
    "note": ("--", "dim"),
    "bad": ("no", "error"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `note` is worth knowing and stops nothing; `bad` does."""

    name: str
    state: Literal["ok", "note", "bad"]
    detail: str
    hint: str = ""


def write_checks(checks: Sequence[Check], palette: Palette = PLAIN) -> str:
    """Write one line for each check, with what to do below where something is missing."""
    width = max((len(safe(check.name)) for check in checks), default=0)
    lines = []
    for check in checks:
        mark, role = _MARKS[check.state]
        name = pad(safe(check.name), width)
        lines.append(f"{palette.paint(role, mark)}  {name}  {safe(check.detail)}")
        if check.hint:
            lines.append(f"    {' ' * width}{palette.paint('hint', 'hint:')} {safe(check.hint)}")
    return "\n".join(lines)


def doctor_document(checks: Sequence[Check]) -> dict[str, object]:
    """What `doctor --json` prints."""
    return {
        "format": "agentgit/doctor@1",
        "checks": [
            {"name": one.name, "state": one.state, "detail": one.detail, "hint": one.hint}
            for one in checks
        ],
    }

"""What `lint` finds, for people: grouped by rule, a bounded number of each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from agentgit.model.finding import RULES, SILENCE, Finding
from agentgit.report.json_v1 import problem_document
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import count, lay_out

if TYPE_CHECKING:
    from agentgit.report.documents.diff import LintDocument

_SHOWN = 10


def write_findings(found: Sequence[Finding], palette: Palette = PLAIN) -> str:
    """Write findings, in the order of their rules, and how many there are."""
    loud = [one for one in found if one.reason is None]
    blocks = [
        _write_rule(rule, list(group), palette)
        for rule, group in groupby(loud, key=lambda one: one.rule)
    ]
    rules = len({one.rule for one in loud})
    silenced = len(found) - len(loud)
    total = f"{count(len(loud), 'finding')} of {count(rules, 'rule')}"
    if not loud:
        total = "nothing found"
    if silenced:
        total += f", {silenced} silenced"
    if loud:
        example = f'metadata: {{annotations: {{{SILENCE}{loud[0].rule}: "why"}}}}'
        hint = f"{palette.paint('hint', 'hint:')} a document silences a rule by {example}"
        blocks.append(hint)
    return "\n\n".join([*blocks, total])


def findings_document(found: Sequence[Finding]) -> LintDocument:
    """What `lint --json` prints."""
    return {
        "format": "agentgit/lint@1",
        "findings": [
            {
                "rule": one.rule,
                "silenced": one.reason is not None,
                "reason": one.reason,
                **problem_document(one.problem),
            }
            for one in found
        ],
    }


def _write_rule(rule: str, found: Sequence[Finding], palette: Palette) -> str:
    rows = []
    for one in found[:_SHOWN]:
        place = "" if one.problem.location is None else safe(str(one.problem.location))
        hint = f"; {safe(one.problem.hint)}" if one.problem.hint else ""
        rows.append((f"  {place}", safe(one.problem.message) + hint))
    lines = [f"{palette.paint('warning', rule)}  {RULES[rule]}", *lay_out(rows)]
    if len(found) > _SHOWN:
        lines.append(f"  and {len(found) - _SHOWN} more")
    return "\n".join(lines)

"""What lies between two commits as a comment on a pull request: short, bounded, only data.

Causes come first, as tables; prompts and instances are below, to unfold. Identical changes are
written once. The text ends before hosts of pull requests cut it, and says what it left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentgit.model.effect import Comparison, Effect
from agentgit.model.snapshot import Commit
from agentgit.report.diff_words import group_problems
from agentgit.report.effect_markdown import LIMIT, add_table, add_texts, write_instances
from agentgit.report.markdown import Page, code, fence, names
from agentgit.report.palette import clip
from agentgit.report.problems import write_problems
from agentgit.report.wording import count

_FOOT = 300  # bytes kept for the last lines
_PROBLEMS, _PROBLEM = 10, 300  # how many, and the columns of one
_ENVIRONMENTS = 30


def write_comment(comparison: Comparison, limit: int = LIMIT) -> str:
    """Write the comment, at most `limit` bytes of it."""
    page = Page(limit - _FOOT)
    changed = [one for one in comparison.effects if one.is_known and not one.is_empty]
    page.add(f"### agentgit: {_headline(comparison, changed)}", gap="")
    for block in _write_problems(comparison):
        page.add(block, gap="\n\n")
    for effect in changed[:_ENVIRONMENTS]:
        add_table(page, effect)
    page.left_out += max(0, len(changed) - _ENVIRONMENTS)
    add_texts(page, changed)
    for block in write_instances(changed):
        page.add(block, gap="\n\n")
    same = [one.environment for one in comparison.effects if one.is_empty]
    if same and changed:
        page.add(f"{names(same, 6)}: no changes", gap="\n\n")
    return "\n\n".join(part for part in (page.text(), _foot(comparison, page)) if part)


def _headline(comparison: Comparison, changed: Sequence[Effect]) -> str:
    unknown = sum(not one.is_known for one in comparison.effects)
    words = []
    if changed:
        verb = "changes" if len(changed) == 1 else "change"
        words.append(f"{count(len(changed), 'environment')} {verb}")
    if unknown:
        words.append(f"{count(unknown, 'environment')} cannot be compared")
    return ", ".join(words) or "no changes"


def _foot(comparison: Comparison, page: Page) -> str:
    before, after = (_side(one) for one in (comparison.before, comparison.after))
    command = f"agentgit diff {before or 'HEAD'} {after or '--worktree'} --full"
    if page.left_out:
        return f"**Not all of it fits here.** {code(command)} shows everything."
    return f"{code(before or 'work tree')} → {code(after or 'work tree')}"


def _side(commit: Commit | None) -> str:
    return commit.short if commit else ""


def _write_problems(comparison: Comparison) -> Iterator[str]:
    for word, newer in (("this change", True), ("the base", False)):
        for problems, environments in group_problems(comparison, newer=newer).items():
            text = write_problems(problems, limit=_PROBLEMS)
            lines = [clip(line, _PROBLEM) for line in text.splitlines()]
            told = count(len(problems), "error")
            yield f"**{told} in {word}**: {names(environments)}\n\n{fence(lines)}"

"""The same question to several environments: every answer, and the most serious exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentgit.cli.failures import report_error
from agentgit.cli.settings import Settings, answer, answer_wrapped
from agentgit.errors import AgentgitError, Exit

_BY_WEIGHT = (
    Exit.DONE, Exit.PENDING, Exit.WAITING, Exit.STALE, Exit.LEASED, Exit.REFUSED, Exit.ROLLED_BACK,
    Exit.FAILED, Exit.USAGE, Exit.CONFIG, Exit.BUG, Exit.INTERRUPTED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What one environment answers: `text` for people, `document` for programs.

    What is `wrapped` fits the terminal. `refused` is an error to be shown after it.
    """

    code: int
    text: Callable[[], str]
    document: Callable[[], Mapping[str, object]]
    wrapped: bool = False
    refused: AgentgitError | None = None


def answer_each(
    settings: Settings, names: Sequence[str], ask: Callable[[str], Answer], *, as_json: bool
) -> int:
    """Answer for each environment in turn; an error in one of several keeps no other from it.

    With `as_json` one environment gives a document and several give a list of them.
    """
    from agentgit.report.json_v1 import dump, problems_document

    if len(names) == 1:
        only = ask(names[0])
        return _tell(settings, only, as_json=as_json)
    documents: list[Mapping[str, object]] = []
    codes = []
    for place, name in enumerate(names):
        if place and not as_json:
            answer("")
        try:
            one = ask(name)
            if as_json:
                documents.append(one.document())
                codes.append(_end(one, settings))
            else:
                codes.append(_tell(settings, one, as_json=False))
        except AgentgitError as error:
            codes.append(report_error(error, settings))
            documents.append(problems_document(error.problems, ()))
    if as_json:
        answer(dump(documents))
    return max(codes, key=lambda code: _BY_WEIGHT.index(Exit(code)))


def _tell(settings: Settings, one: Answer, *, as_json: bool) -> int:
    from agentgit.report.json_v1 import dump

    if as_json:
        answer(dump(one.document()))
    elif one.wrapped:
        answer_wrapped(settings, one.text())
    else:
        answer(one.text())
    return _end(one, settings)


def _end(one: Answer, settings: Settings) -> int:
    return one.code if one.refused is None else report_error(one.refused, settings)

"""Takes out of a record what belongs to one machine or to nobody's eyes. Pure.

Records are pushed to where everybody reads them. Messages and logs of a failure quote engines,
folders and URLs: paths below the folders of this machine lose their beginning, and what stands
for a password in a URL or a header is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from agentgit.model.events import Event, StepFailed, StepRetried
from agentgit.model.rollout import Failure, RolloutRecord

Clean = Callable[[str], str]
_SECRETS = (
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)"), "***"),
    (re.compile(r"(?i)\b((?:proxy-)?authorization\s*[:=]\s*(?:basic|bearer)?\s*)[^\s\"',;]+"),
     r"\1***"),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/-]{8,}=*"), r"\1***"),
)  # fmt: skip


def make_cleaner(folders: Mapping[str, str]) -> Clean:
    """Make what cleans a text; `folders` maps absolute paths to what is written instead."""
    known = [
        (re.compile(rf"(?<![\w.~-]){re.escape(path.rstrip('/'))}(?![\w.-])"), name)
        for path, name in sorted(folders.items(), key=lambda pair: -len(pair[0]))
        if path.rstrip("/")
    ]

    def clean(text: str) -> str:
        for pattern, name in (*known, *_SECRETS):
            text = pattern.sub(name, text)
        return text

    return clean


def clean_record(record: RolloutRecord, clean: Clean) -> RolloutRecord:
    """Clean what a record quotes from the world; what people and files said stays."""
    return record.model_copy(
        update={
            "failure": clean_failure(record.failure, clean) if record.failure else None,
            "failures": tuple(clean_failure(one, clean) for one in record.failures),
        }
    )


def clean_event(event: Event, clean: Clean) -> Event:
    """Clean what an event quotes from the world."""
    if isinstance(event, StepFailed):
        return event.model_copy(update={"failure": clean_failure(event.failure, clean)})
    if isinstance(event, StepRetried):
        return event.model_copy(update={"message": clean(event.message)})
    return event


def clean_failure(failure: Failure, clean: Clean) -> Failure:
    """Clean the message, the hint and the log."""
    return failure.model_copy(
        update={
            "message": clean(failure.message),
            "hint": clean(failure.hint),
            "log": tuple(clean(line) for line in failure.log),
        }
    )

"""`agentgit validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings, talk

if TYPE_CHECKING:
    from agentgit.cli.memory import Memory, Verdict
    from agentgit.errors import Problem


@options.command("validate", "agentgit validate", "agentgit validate --revision feature")
@options.revision
@options.as_json
@options.no_cache
@pass_settings
def command(settings: Settings, revision: str | None, *, as_json: bool, no_cache: bool) -> int:
    """Check every file and every instance of every environment. Asks no engine.

    Looks at the files as they lie there, committed or not, unless --revision names a commit.
    What has not changed since an earlier run is not checked again.
    """
    from agentgit.cli.memory import Memory
    from agentgit.errors import ConfigError, Exit

    memory = Memory.open(str(settings.directory), settings.early, disabled=no_cache)
    verdict = memory.recall() if memory is not None and revision is None else None
    if verdict is None:
        try:
            verdict = _check(settings, revision, memory)
        except ConfigError as error:
            if not as_json:
                raise
            _answer_json(error.problems, ())
            return Exit.CONFIG
    if as_json:
        _answer_json((), verdict.warnings)
    else:
        _say(settings, verdict)
    return Exit.DONE


def _check(settings: Settings, revision: str | None, memory: Memory | None) -> Verdict:
    """Compile it all. Raises ConfigError."""
    from agentgit.cli.door import count_files, open_seen, open_source, read_snapshot
    from agentgit.cli.memory import Verdict

    seen = memory if revision is None else None
    source = open_source(settings) if seen is None else open_seen(seen.place, seen.look)
    from agentgit.compile.build import validate_project  # git gets ready meanwhile
    from agentgit.compile.layout import list_environments
    from agentgit.source.forks import Forks

    snapshot = read_snapshot(source, revision)
    warnings = validate_project(snapshot, None if memory is None else memory.cache, Forks())
    verdict = Verdict(warnings, count_files(snapshot), list_environments(snapshot))
    if seen is not None:
        seen.remember(verdict)
    return verdict


def _say(settings: Settings, verdict: Verdict) -> None:
    from agentgit.cli.door import warn

    warn(settings, verdict.warnings)
    if verdict.warnings:
        talk("")
    names = verdict.environments
    plural = "" if len(names) == 1 else "s"
    answer(f"valid: {verdict.files} files, {len(names)} environment{plural} ({', '.join(names)})")


def _answer_json(problems: tuple[Problem, ...], warnings: tuple[Problem, ...]) -> None:
    from agentgit.report.json_v1 import dump, problems_document

    answer(dump(problems_document(problems, warnings)))

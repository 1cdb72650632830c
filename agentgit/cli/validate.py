"""`agentgit validate`."""

from __future__ import annotations

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings, talk


@options.command("validate", "agentgit validate", "agentgit validate --revision feature")
@options.revision
@options.as_json
@pass_settings
def command(settings: Settings, revision: str | None, *, as_json: bool) -> int:
    """Check every file and every instance of every environment. Asks no engine.

    Looks at the files as they lie there, committed or not, unless --revision names a commit.
    """
    from agentgit.cli.door import count_files, open_source, read_snapshot, warn
    from agentgit.compile.build import validate_project
    from agentgit.compile.layout import list_environments
    from agentgit.errors import ConfigError, Exit
    from agentgit.report.json_v1 import dump, problems_document

    snapshot = read_snapshot(open_source(settings), revision)
    try:
        warnings = validate_project(snapshot)
    except ConfigError as error:
        if not as_json:
            raise
        answer(dump(problems_document(error.problems, ())))
        return Exit.CONFIG
    if as_json:
        answer(dump(problems_document((), warnings)))
        return Exit.DONE
    warn(settings, warnings)
    if warnings:
        talk("")
    names = list_environments(snapshot)
    answer(f"valid: {count_files(snapshot)} files, {len(names)} environments ({', '.join(names)})")
    return Exit.DONE

"""`agentgit compile`."""

from __future__ import annotations

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command(
    "compile",
    "agentgit compile -e production",
    "agentgit compile -e production support-eu -o json",
    "agentgit compile -e production --revision v1.4",
)
@options.instances
@options.environment
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml",
              show_default=True, help="How to write it.")  # fmt: skip
@options.revision
@pass_settings
def command(
    settings: Settings,
    instances: tuple[str, ...],
    environment: str | None,
    output: str,
    revision: str | None,
) -> int:
    """Print the resolved desired state, byte for byte the same for the same files.

    Looks at the files as they lie there, committed or not, unless --revision names a commit.
    """
    from agentgit.cli.door import choose_environment, open_source, read_snapshot, warn
    from agentgit.compile.build import compile_environment
    from agentgit.compile.document import emit_yaml, resolved_document
    from agentgit.errors import Exit, Problem
    from agentgit.report.json_v1 import compile_document, dump

    snapshot = read_snapshot(open_source(settings), revision)
    name = choose_environment(snapshot, environment)
    warnings: list[Problem] = []
    desired = compile_environment(snapshot, name, instances or None, warnings.append)
    warn(settings, warnings)
    resolved = [resolved_document(one) for one in desired.instances]
    document = compile_document(desired, resolved)
    answer(dump(document) if output == "json" else emit_yaml(document).rstrip("\n"))
    return Exit.DONE

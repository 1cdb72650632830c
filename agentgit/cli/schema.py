"""`agentgit schema`."""

from __future__ import annotations

from pathlib import Path

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command(
    "schema",
    "agentgit schema                   # writes schemas/",
    "agentgit schema --check           # in CI",
    "agentgit schema --print agent.schema.json",
    "agentgit schema --print output/plan@1.schema.json   # what plan --json writes",
)
@click.option(
    "--dir", "folder", metavar="DIR", default="schemas", show_default=True, help="Where they are.",
    type=click.Path(file_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where one is not up to date.")
@click.option("--output", is_flag=True, help="Also those of what --json writes, in output/.")
@click.option("--print", "name", metavar="FILE", help="Print one of them.")
@pass_settings
def command(
    settings: Settings, folder: Path, name: str | None, *, check: bool, output: bool
) -> int:
    """Write the JSON schemas of the format, for editors and other tools.

    With --output also those of what --json writes, for programs that read it. They must ignore
    fields that they do not know: more may come.
    """
    from agentgit.compile.schema import render_schemas
    from agentgit.errors import AgentgitError, Exit, UsageError
    from agentgit.report.json_schema import render_output_schemas

    schemas = render_schemas()
    everything = {**schemas, **render_output_schemas()}
    if name is not None:
        if name not in everything:
            known = ", ".join(sorted(everything))
            raise UsageError(f"there is no schema {name}", hint=f"one of {known}")
        answer(everything[name].rstrip("\n"))
        return Exit.DONE
    if output:
        schemas = everything
    place = settings.directory / folder
    stale = [file for file, text in sorted(schemas.items()) if _read(place / file) != text]
    if check and stale:
        raise AgentgitError(
            f"not up to date in {folder}: {', '.join(stale)}", hint="agentgit schema writes them"
        )
    for file in stale:
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(schemas[file], encoding="utf-8")
        answer(f"wrote {folder / file}")
    if not stale:
        answer(f"{folder} is up to date, {len(schemas)} schemas")
    return Exit.DONE


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None

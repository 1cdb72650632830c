"""`agentgit explain`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings

if TYPE_CHECKING:
    from agentgit.compile.explain import Explained
    from agentgit.model.value import Path


@options.command(
    "explain",
    "agentgit explain support-eu -e production",
    "agentgit explain support-eu spec.model.params.temperature -e production",
    "agentgit explain support-eu model -e production --blame",
)
@click.argument("instance")
@click.argument("path", required=False, default="")
@options.environment
@options.revision
@options.blame
@options.as_json
@pass_settings
def command(  # noqa: PLR0913 - one for each option
    settings: Settings,
    instance: str,
    path: str,
    environment: str | None,
    revision: str | None,
    *,
    blame: bool,
    as_json: bool,
) -> int:
    """Show where every value of an instance comes from, and what it overrides.

    Without PATH the whole instance is shown; a line without a place is a default.
    """
    from agentgit.cli.blaming import blame_shown
    from agentgit.cli.door import choose_environment, open_source, read_snapshot
    from agentgit.compile.explain import explain_instance
    from agentgit.errors import Exit
    from agentgit.model.value import parse_dotted
    from agentgit.report.explain_text import write_chains, write_default, write_document
    from agentgit.report.json_v1 import dump, explain_document

    source = open_source(settings)
    snapshot = read_snapshot(source, revision)
    name = choose_environment(snapshot, environment)
    explained = explain_instance(snapshot, name, instance)
    at = parse_dotted(path.removeprefix("spec").removeprefix("."))
    palette = settings.palette(sys.stdout)
    chains = {**explained.chains, **explained.removed}
    found = _check_path(explained, at)
    shown = (one.origin for where, chain in chains.items() if where[: len(at)] == at
             for one in chain)  # fmt: skip
    blamer = blame_shown(source, snapshot.commit, shown) if blame else None
    if as_json:
        blames = blamer.blames if blamer else None
        answer(dump(explain_document(name, instance, chains, at, blames)))
    elif not at:
        answer(write_document(explained.value, explained.chains, (), palette, blamer))
    else:
        answer(write_chains(chains, at, palette, blamer) or write_default(found, palette))
    return Exit.DONE


def _check_path(explained: Explained, path: Path) -> object:
    """Find what is at a path; a path that nothing knows is refused. Raises UsageError."""
    from agentgit.compile.words import did_you_mean
    from agentgit.errors import UsageError
    from agentgit.model.value import dotted

    value: object = explained.value
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    known = {at[:length] for at in (*explained.chains, *explained.removed)
             for length in range(len(at) + 1)}  # fmt: skip
    if value is None and path not in known:
        name = explained.instance.name
        hint = did_you_mean(dotted(path), [dotted(one) for one in known if one])
        raise UsageError(
            f"{name} has no {dotted(path)}",
            hint=hint or f"agentgit explain {name} shows all of it",
        )
    return value

"""`agentgit layers`."""

from __future__ import annotations

import sys

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command("layers", "agentgit layers support-eu -e production")
@click.argument("instance")
@options.environment
@options.revision
@options.as_json
@pass_settings
def command(
    settings: Settings,
    instance: str,
    environment: str | None,
    revision: str | None,
    *,
    as_json: bool,
) -> int:
    """List the files that make up an instance, in the order in which they count."""
    from agentgit.cli.door import choose_environment, open_source, read_snapshot
    from agentgit.compile.layout import layers_of
    from agentgit.errors import Exit
    from agentgit.report.json_v1 import dump
    from agentgit.report.layers_text import layers_document, write_layers

    snapshot = read_snapshot(open_source(settings), revision)
    name = choose_environment(snapshot, environment)
    layers = layers_of(snapshot, name, instance)
    answer(
        dump(layers_document(layers, instance, name)) if as_json
        else write_layers(layers, instance, name, settings.palette(sys.stdout))
    )  # fmt: skip
    return Exit.DONE

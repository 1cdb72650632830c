"""The files that make up an instance, in the order in which they count."""

from __future__ import annotations

from collections.abc import Sequence

from agentgit.compile.layout import LayerFile
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import lay_out


def write_layers(
    layers: Sequence[LayerFile], instance: str, environment: str, palette: Palette = PLAIN
) -> str:
    """List layers, the highest last; a place without a file is shown, it may get one."""
    head = f"{palette.paint('strong', safe(instance))} in {safe(environment)}, later layers win"
    rows = [
        (
            str(number),
            layer.layer,
            layer.kind,
            safe(layer.path),
            "" if layer.exists else "(no file)",
        )
        for number, layer in enumerate(layers, start=1)
    ]
    return "\n".join([head, *lay_out(rows)])


def layers_document(
    layers: Sequence[LayerFile], instance: str, environment: str
) -> dict[str, object]:
    """What `layers --json` prints, lowest first."""
    return {
        "format": "agentgit/layers@1",
        "environment": environment,
        "instance": instance,
        "layers": [
            {"layer": one.layer, "kind": one.kind, "path": one.path, "exists": one.exists}
            for one in layers
        ],
    }

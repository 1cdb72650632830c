"""Where values come from: one path with every layer's word, or a whole document with origins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentgit.model.origin import Chain, Chains, Origin, Setting
from agentgit.model.value import Json, Path, dotted
from agentgit.report.blame_words import Blamer
from agentgit.report.palette import PLAIN, Palette, columns, pad, safe
from agentgit.report.wording import lay_out, write_value

_WIDTH = 72  # origins begin in this column at the latest, unless a value is longer


def write_chains(
    chains: Chains, path: Path, palette: Palette = PLAIN, blamer: Blamer | None = None
) -> str:
    """Write every value at or below a path, each with what all layers said, highest first.

    With a blamer every place has its commit. Empty when no layer says anything there.
    """
    found = sorted((at, chain) for at, chain in chains.items() if at[: len(path)] == path)
    blocks = [
        "\n".join(
            _write_chain(chain, "" if at == path else dotted(at[len(path) :]), palette, blamer)
        )
        for at, chain in found
    ]
    return "\n".join(blocks)


def write_document(
    document: Mapping[str, Json],
    chains: Chains,
    prefix: Path,
    palette: Palette = PLAIN,
    blamer: Blamer | None = None,
) -> str:
    """Write a resolved document with the origin at the end of each line.

    `prefix` is the path of the document inside the chains. A line without origin is a default.
    """
    rows = list(_walk(document, prefix, chains, 0))
    width = min(_WIDTH, max((columns(text) for text, _ in rows), default=0))
    notes = _annotate([origin for _, origin in rows], blamer)
    return "\n".join(
        f"{pad(text, width)}  {palette.paint('dim', f'# {note}')}" if note else text
        for (text, _), note in zip(rows, notes, strict=True)
    )


def write_default(value: Json, palette: Palette = PLAIN) -> str:
    """Write a value that no layer says."""
    return f"{palette.paint('strong', write_value(value))}\n  the default, no layer says it"


def _annotate(origins: Sequence[Origin | None], blamer: Blamer | None) -> list[str]:
    """Write the places; with a blamer in columns, the commits beside them."""
    if blamer is None:
        return [safe(str(origin)) if origin else "" for origin in origins]
    rows = [(safe(str(one)), *blamer.cells(one)) if one else () for one in origins]
    return lay_out(rows, indent="")


def _write_chain(
    chain: Chain, title: str, palette: Palette, blamer: Blamer | None
) -> Iterator[str]:
    winner = chain[0] if chain else None
    if title:
        yield palette.paint("strong", safe(title))
    elif winner is not None:
        removed = winner.state == "removed"
        yield "not set" if removed else palette.paint("strong", write_value(winner.value))
    yield from lay_out([_row(setting, blamer) for setting in chain])


def _row(setting: Setting, blamer: Blamer | None) -> tuple[str, ...]:
    value = write_value(setting.value, width=40)
    state = "" if setting.state == "set" else setting.state
    place = safe(str(setting.origin))
    if blamer is not None:
        return (place, value, state, *blamer.cells(setting.origin))
    return place, setting.origin.layer, value, state


def _walk(
    value: Json, path: Path, chains: Chains, depth: int
) -> Iterator[tuple[str, Origin | None]]:
    """Write a mapping line by line, each with its origin."""
    indent = "  " * depth
    for key, item in value.items():
        at = (*path, str(key))
        name = f"{indent}{write_value(str(key))}:"
        origin = _origin(chains, at)
        if isinstance(item, Mapping) and item:
            yield name, None
            yield from _walk(item, at, chains, depth + 1)
        elif isinstance(item, str) and "\n" in item:
            yield f"{name} |", origin
            yield from ((f"{indent}  {safe(line)}".rstrip(), None) for line in item.splitlines())
        elif _is_long_list(item):
            yield name, origin
            for entry in item:
                yield f"{indent}  - {write_value(entry, width=200)}", None
        else:
            yield f"{name} {write_value(item, width=200)}", origin


def _is_long_list(item: Json) -> bool:
    return (
        isinstance(item, Sequence)
        and not isinstance(item, str)
        and columns(write_value(item, width=1000)) > _WIDTH // 2
    )


def _origin(chains: Chains, path: Path) -> Origin | None:
    """Find who set a path, or the nearest path above it that was set whole."""
    for length in range(len(path), 0, -1):
        origin = _winner(chains.get(path[:length], ()))
        if origin is not None:
            return origin
    return None


def _winner(chain: Chain) -> Origin | None:
    return next((setting.origin for setting in chain if setting.state == "set"), None)

"""The files of a new project: filled in from `template/`, written without overwriting."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from uuid import uuid4

from agentgit.errors import UsageError
from agentgit.model.value import MAX_NAME

_LEDGER = "  ledger: {remote: origin}  # the record of rollouts is shared through this remote\n"
_NO_LEDGER = "  # ledger: {remote: origin}  # take it in once there is a remote to share records\n"
_SOURCE = (
    "  source: {branch: BRANCH}  # what production follows; applying another commit pins it\n"
)
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l"}
)
_PLAIN = ".txt"  # the suffix under which a file keeps out of this package's own checks


def fill_template(name: str, remote: str | None, branch: str | None) -> dict[str, str]:
    """Give path and text of every file of a new project, the schemas for editors included.

    `branch` is what production follows; None where none is checked out.
    """
    from agentgit.compile.schema import render_schemas

    if name_of(name) != name:
        raise UsageError(
            f"{name} is no name for a project",
            hint=f"--name takes lower-case letters, digits and hyphens, such as {name_of(name)}",
        )
    values = {
        "@NAME@": name,
        "@PROJECT_ID@": str(uuid4()),
        "@LEDGER@\n": _LEDGER if remote else _NO_LEDGER,
        "@SOURCE@\n": _SOURCE.replace("BRANCH", _quote(branch)) if branch else "",
    }
    texts = dict(_read(files("agentgit.cli") / "template", ""))
    for path, text in texts.items():
        for mark, value in values.items():
            text = text.replace(mark, value)  # noqa: PLW2901 - filled in step by step
        texts[path] = text
    return texts | {f"schemas/{path}": text for path, text in render_schemas().items()}


def name_project(folder: Path) -> str:
    """Make a project's name of a folder's. Raises UsageError where its letters have no match."""
    lost = sorted({letter for letter in _plain(folder.name) if letter.isalnum() and letter > "~"})
    if lost:
        raise UsageError(
            f"the folder's name {folder.name} cannot be written in the letters a to z",
            hint="agentgit init --name NAME",
        )
    return name_of(folder.name)


def name_of(text: str) -> str:
    """Turn any text into a name the format allows."""
    plain = re.sub(r"[^a-z0-9]+", "-", _plain(text))
    return plain.strip("-")[:MAX_NAME].strip("-") or "fleet"


def image_of(texts: Mapping[str, str]) -> str:
    """Find the image that the template's agent asks for."""
    found = re.search(r"image: (\S+)", texts["global/agents/hello.yaml"])
    return found[1] if found else ""


def _plain(text: str) -> str:
    """Write letters with marks without them: `Grüße` is `gruesse`, `Café` is `cafe`."""
    composed = unicodedata.normalize("NFC", text.lower()).translate(_GERMAN)
    apart = unicodedata.normalize("NFKD", composed)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _quote(branch: str) -> str:
    """Write a branch so that YAML takes it for nothing else."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", branch)
    words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    return branch if plain and branch.lower() not in words else json.dumps(branch)


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files, or none where one of them exists. Raises UsageError."""
    taken = sorted(path for path in texts if (folder / path).exists())
    if taken:
        listed = ", ".join(taken[:5]) + (", ..." if len(taken) > 5 else "")
        raise UsageError(
            f"{folder} already has {listed}",
            hint="init writes into a folder without them: agentgit -C DIR init",
        )
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _read(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    """Read the texts below a folder of the package."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = f"{prefix}{entry.name}".removesuffix(_PLAIN)
        if entry.is_dir():
            yield from _read(entry, f"{path}/")
        else:
            yield path, entry.read_text(encoding="utf-8")

"""The folder a process replica runs in: exported from the commit once, and complete."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from itertools import count, takewhile
from pathlib import Path, PurePosixPath

from agentgit.errors import DefiniteError
from agentgit.providers.process.files import (
    HALF,
    make_private,
    publish_folder,
    retire_folder,
)
from agentgit.providers.process.table import Identity, is_alive, read_self
from agentgit.providers.process.untouched import find_changed, note_files

_KEEP_UNUSED = 24 * 3600.0  # seconds; a rollout that still needs an export is never that old
_LINK, _EXECUTABLE, _MODULE = "120000", "100755", "160000"


def export_source(
    sources: Path, digest: str, files: Iterable[tuple[str, str, bytes]], used: frozenset[str]
) -> None:
    """Have a folder for `find_export`. `files` is only looked at when there is none yet.

    Exports that nothing has used for a day are removed. Raises EngineError for a folder that is
    empty or a link that leaves it.
    """
    make_private(sources)
    whole = find_export(sources, digest)
    if whole is not None:
        os.utime(sources / whole)
        return
    target = next(path for path in _list_places(sources, digest) if not path.is_dir())
    half = _name_half(sources, digest)
    half.mkdir(mode=0o700)
    written = 0
    for path, mode, data in files:
        if mode != _MODULE:
            _write(half, PurePosixPath(path), mode, data)
            written += 1
    if not written:
        half.rmdir()
        raise DefiniteError(
            "the folder of process.source is empty in this commit", hint="commit its files"
        )
    note_files(half, _name_note(target))
    publish_folder(half, target)
    _prune(sources, used | {target.name})


def find_export(sources: Path, digest: str) -> str | None:
    """Find the export that is what the commit says; one that was edited is left to who runs it."""
    there = takewhile(Path.is_dir, _list_places(sources, digest))
    return next((one.name for one in there if find_changed(one, _name_note(one)) == {}), None)


def find_edited(export: Path) -> dict[str, str] | None:
    """Give the files of an export that somebody edited; None where that is not known."""
    noted = find_changed(export, _name_note(export))
    return find_changed(export, _name_late_note(export)) if noted is None else noted


def note_export(export: Path) -> None:
    """Note an export of which nobody knows what it was: as it is now, and for who runs from it."""
    if find_edited(export) is None:
        note_files(export, _name_late_note(export))


def list_abandoned(sources: Path) -> tuple[str, ...]:
    """Exports whose maker died before they were complete."""
    if not sources.is_dir():
        return ()
    halves = (path.name for path in sources.iterdir() if path.name.startswith(HALF))
    return tuple(sorted(name for name in halves if not _is_maker_alive(name)))


def _write(folder: Path, path: PurePosixPath, mode: str, data: bytes) -> None:
    if path.is_absolute() or ".." in path.parts:
        raise DefiniteError(f"{path} leaves the folder of process.source")
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if mode == _LINK:
        _check_link(path, data.decode(errors="surrogateescape"))
        target.symlink_to(data.decode(errors="surrogateescape"))
        return
    bits = 0o500 if mode == _EXECUTABLE else 0o400
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, bits)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _check_link(path: PurePosixPath, to: str) -> None:
    inside = os.path.normpath(path.parent / to)
    if to.startswith("/") or inside.split("/", 1)[0] == "..":
        raise DefiniteError(
            f"the link {path} leaves the folder of process.source: it points to {to}",
            hint="put a copy of the file into the folder",
        )


def _prune(sources: Path, used: frozenset[str]) -> None:
    oldest = time.time() - _KEEP_UNUSED
    for path in sorted(sources.iterdir()):
        is_old = path.name not in used and path.stat().st_mtime < oldest
        if is_old and not path.name.startswith(HALF):
            retire_folder(path, _name_half(sources, path.name))
            _name_note(path).unlink(missing_ok=True)
            _name_late_note(path).unlink(missing_ok=True)


def _list_places(sources: Path, digest: str) -> Iterator[Path]:
    """List where a folder may be exported to: beside those that somebody has edited."""
    yield sources / digest
    yield from (sources / f"{digest}-{number}" for number in count(2))


def _name_note(export: Path) -> Path:
    return export.parent.with_name("exported") / f"{export.name}.json"


def _name_late_note(export: Path) -> Path:
    return export.parent.with_name("exported") / f"{export.name}.late.json"


def _name_half(sources: Path, digest: str) -> Path:
    """Name something unfinished after who is at it, so that others know when nobody is."""
    me = read_self()
    return sources / f"{HALF}{me.pid}.{me.started}.{me.boot}.{digest}.{time.monotonic_ns()}"


def _is_maker_alive(name: str) -> bool:
    pid, started, boot = name.removeprefix(HALF).split(".")[:3]
    return is_alive(Identity.parse({"pid": pid, "started": started, "boot": boot}))

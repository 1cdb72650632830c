"""Whether files are still what was written: by their stat where that has not moved, else read.

What was written is noted once, when a folder has been exported. Looking at it again costs a stat
for each of its files; one that was only touched, or put back, is read and found to be the same.
Files that came later are no change: an agent may write beside its program. Where it was noted
late, the files of the export are those that nobody was to write.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agentgit.providers.process.files import make_private, open_regular, read_json, write_atomic

_NOTHING = "digest of nothing"
_NAMED = 5  # files; of more it is only said that the folder was changed


def note_files(folder: Path, note: Path) -> None:
    """Note what a folder holds now: its links, and its files that are not for writing."""
    files = {
        str(path.relative_to(folder)): [_sign(path.lstat()), digest_file(path)]
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not (path.is_dir() or path.stat().st_mode & stat.S_IWUSR)
    }
    make_private(note.parent)
    write_atomic(note, json.dumps({"files": files}).encode())


def find_changed(folder: Path, note: Path) -> dict[str, str] | None:
    """Give what changed since it was noted, with its digest now; None where nothing was noted.

    Keys are paths below `source/`, or `source` itself where too many changed to name them.
    """
    noted = read_json(note)
    if noted is None:
        return None
    changed = dict(_compare(folder, noted["files"]))
    if len(changed) > _NAMED:
        every = "\0".join(f"{path}\0{digest}" for path, digest in changed.items())
        return {"source": _word(hashlib.sha256(every.encode()).hexdigest())}
    return {f"source/{path}": digest for path, digest in changed.items()}


def digest_file(path: Path) -> str:
    """Digest what a file or a link holds, and whether it can be executed."""
    try:
        if path.is_symlink():
            return _word(hashlib.sha256(b"link\0" + os.fsencode(path.readlink())).hexdigest())
        file = open_regular(path)
        if file is None:
            return _NOTHING
        with file:
            content = hashlib.file_digest(file, "sha256")
            content.update(b"x" if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else b"-")
            return _word(content.hexdigest())
    except OSError:  # gone, or nobody may read it
        return _NOTHING


def _compare(folder: Path, noted: dict[str, list[object]]) -> Iterator[tuple[str, str]]:
    for path, (signature, before) in noted.items():
        try:
            if _sign((folder / path).lstat()) == signature:
                continue
        except OSError:
            pass  # what is gone has changed
        now = digest_file(folder / path)
        if now != before:
            yield path, now


def _sign(seen: os.stat_result) -> list[int]:
    return [seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]


def _word(digest: str) -> str:
    return f"digest {digest[:16]}"

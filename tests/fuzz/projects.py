"""The files of a project as one text, so that a fuzzer can change them and a person can read them.

Each file begins with a line `=== PATH`, or `=== MODE PATH` where Git's mode matters. What stands
before the first such line belongs to no file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from agentgit.model.snapshot import Entry, Snapshot

Files = Mapping[str, bytes]
_HEAD = re.compile(rb"^=== (?:(100644|100755|120000) )?([^\n]*)\n", re.MULTILINE)
_LINK = "120000"


def split_text(data: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """Read contents and modes by path. Paths that Git cannot have are left out."""
    _, *rest = _HEAD.split(data)
    contents: dict[str, bytes] = {}
    modes: dict[str, str] = {}
    for mode, name, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        path = name.decode("utf-8", "surrogateescape")
        parts = path.split("/")
        if "\0" not in path and not {"", ".", ".."}.intersection(parts):
            contents[path] = text
            modes[path] = mode.decode() if mode else "100644"
    for path in list(contents):  # a file is no folder
        parents = path.split("/")[:-1]
        if any("/".join(parents[:count]) in contents for count in range(1, len(parents) + 1)):
            del contents[path], modes[path]
    return contents, modes


def join_text(files: Files, modes: Mapping[str, str] | None = None) -> bytes:
    """Write what `split_text` reads."""
    parts = []
    for path, text in files.items():
        mode = (modes or {}).get(path, "100644")
        shown = f"{mode} {path}" if mode == _LINK else path
        end = b"" if not text or text.endswith(b"\n") else b"\n"
        parts.append(b"=== " + shown.encode("utf-8", "surrogateescape") + b"\n" + text + end)
    return b"".join(parts)


def make_snapshot(files: Files, modes: Mapping[str, str] | None = None) -> Snapshot:
    """Make a snapshot whose blob ids depend on the contents, as Git's do."""
    entries = {
        path: Entry((modes or {}).get(path, "100644"), hashlib.sha256(data).hexdigest()[:40])
        for path, data in files.items()
    }
    return Snapshot(None, entries, files.__getitem__)

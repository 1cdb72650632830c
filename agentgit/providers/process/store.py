"""The host store of a process host: a folder for each value, with one file in it.

A value appears and goes by renaming its folder, and is replaced by renaming a file into it. So
what was deleted stays deleted: a writer that was stopped in the middle and goes on later finds no
folder to write to, and cannot bring a lease back that somebody else has taken over.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from agentgit.effects import Permit
from agentgit.model.fingerprint import Fingerprint, take_fingerprint
from agentgit.providers.process.files import (
    HALF,
    create_value,
    drop_value,
    engine_errors,
    make_private,
    replace_value,
)

_FILE = "value"
_GONE = (FileNotFoundError, NotADirectoryError)


class FolderStore:
    """Implements effects.HostStore. A value is complete when its name becomes visible.

    `permit` is asked before every change.
    """

    def __init__(self, host: str, folder: Path, permit: Permit | None = None) -> None:
        self._host = host
        self._folder = folder
        self._permit = permit or Permit()

    def create(self, name: str, data: bytes) -> bool:
        """Create a value; False when the name is taken."""
        with engine_errors(self._host, f"record {name}"):
            make_private(self._folder)
            return create_value(self._path(name), _FILE, data, self._permit)

    def write(self, name: str, data: bytes) -> None:
        """Replace a value that exists. Raises KeyError when it does not."""
        with engine_errors(self._host, f"record {name}"):
            try:
                replace_value(self._path(name), _FILE, data, self._permit)
            except _GONE:
                raise KeyError(name) from None

    def read(self, name: str) -> bytes | None:
        """Give the value, None when there is none."""
        with engine_errors(self._host, f"read {name}"):
            try:
                return (self._path(name) / _FILE).read_bytes()
            except _GONE:
                return None

    def fingerprint(self, name: str) -> Fingerprint | None:
        """Give the value's fingerprint, None when there is none."""
        data = self.read(name)
        return None if data is None else take_fingerprint(data)

    def names(self, prefix: str) -> tuple[str, ...]:
        """Give the names that begin with a prefix, sorted."""
        with engine_errors(self._host, "list what is recorded"):
            if not self._folder.is_dir():
                return ()
            found = (
                unquote(path.name)
                for path in self._folder.iterdir()
                if not path.name.startswith(HALF)
            )
            return tuple(sorted(name for name in found if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        """Forget a value; nothing happens when there is none."""
        with engine_errors(self._host, f"forget {name}"), suppress(*_GONE):
            drop_value(self._path(name), self._permit)

    def _path(self, name: str) -> Path:
        # A name is one folder name: no folders in it, and nothing that begins with a dot.
        return self._folder / quote(name, safe="").replace(".", "%2E", name.startswith("."))

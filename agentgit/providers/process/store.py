"""The host store of a process host: one file a value, in a folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from agentgit.providers.process.files import (
    HALF,
    create_atomic,
    engine_errors,
    make_private,
    write_atomic,
)


class FolderStore:
    """Implements effects.HostStore. A value is complete when its name becomes visible."""

    def __init__(self, host: str, folder: Path) -> None:
        self._host = host
        self._folder = folder

    def create(self, name: str, data: bytes) -> bool:
        """Create a value; False when the name is taken."""
        with engine_errors(self._host, f"record {name}"):
            make_private(self._folder)
            return create_atomic(self._path(name), data)

    def write(self, name: str, data: bytes) -> None:
        """Replace a value that exists. Raises KeyError when it does not."""
        with engine_errors(self._host, f"record {name}"):
            path = self._path(name)
            if not path.exists():
                raise KeyError(name)
            write_atomic(path, data)

    def read(self, name: str) -> bytes | None:
        """Give the value, None when there is none."""
        with engine_errors(self._host, f"read {name}"):
            try:
                return self._path(name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

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
        with engine_errors(self._host, f"forget {name}"), suppress(FileNotFoundError):
            self._path(name).unlink()

    def _path(self, name: str) -> Path:
        # A name is one file name: no folders, and nothing that begins with a dot.
        return self._folder / quote(name, safe="").replace(".", "%2E", name.startswith("."))

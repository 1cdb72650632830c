"""Small files in the Git directory that remember what can be computed again.

Every value is one file, replaced as a whole, so two processes never see half of one and a kill
leaves at most a temporary file behind. A value carries a digest over itself and over all that it
was computed by (this program, its libraries, Python): whatever is damaged or was written by
another version is as good as missing. All of it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from importlib.util import find_spec

from agentgit import __version__

FOLDER = "agentgit"
MAX_BYTES = 256 << 20  # of all values together
_MAGIC = b"agentgit cache 1\n"
_DIGEST = 32
_LIBRARIES = ("pydantic", "pydantic_core", "ruamel.yaml", "_ruamel_yaml", "jsonschema")
_SUFFIX = ".cache"


class FileCache:
    """Values by name in one folder. Implements `effects.Cache`."""

    def __init__(self, git_dir: str, limit: int = MAX_BYTES) -> None:
        self.folder = os.path.join(git_dir, FOLDER)
        self.limit = limit
        self._stamp = _stamp()

    def read(self, name: str) -> bytes | None:
        """Give a value, None when it is missing, damaged or not ours."""
        try:
            with open(self._path(name), "rb") as file:
                data = file.read(self.limit + 1)
        except OSError:
            return None
        begin = len(_MAGIC) + _DIGEST
        payload = memoryview(data)[begin:]
        if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : begin] != self._sign(name, payload):
            return None
        return bytes(payload)

    def write(self, name: str, value: bytes) -> None:
        """Replace a value. Where the folder cannot be written there is no cache, and no error."""
        if len(value) > self.limit // 4:
            return
        path = self._path(name)
        temporary = f"{path}.{os.getpid()}.tmp"
        with suppress(OSError):
            os.makedirs(self.folder, exist_ok=True)
            self._make_room(len(value))
            try:
                with open(temporary, "wb") as file:
                    file.write(_MAGIC + self._sign(name, value))
                    file.write(value)
                os.replace(temporary, path)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, f"{name}{_SUFFIX}")

    def _sign(self, name: str, value: bytes | memoryview) -> bytes:
        signed = hashlib.sha256(self._stamp)
        signed.update(b"%s\0" % os.fsencode(name))
        signed.update(value)
        return signed.digest()

    def _make_room(self, wanted: int) -> None:
        """Remove what a killed process left, and the oldest values beyond the limit."""
        files = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if entry.name.endswith(".tmp") and not _is_alive(entry.name):
                    os.unlink(entry.path)
                elif entry.name.endswith(_SUFFIX):
                    files.append((found.st_mtime_ns, found.st_size, entry.path))
        total = wanted + sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                break
            with suppress(FileNotFoundError):
                os.unlink(path)
            total -= size


def _is_alive(temporary: str) -> bool:
    """Whether the process that writes a temporary file still runs."""
    number = temporary.split(".")[-2]
    if not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _stamp() -> bytes:
    """Name everything that a value depends on besides the files of the project."""
    stamp = hashlib.sha256(f"{__version__}\0{sys.version}\0".encode())
    package = os.path.dirname(os.path.dirname(__file__))
    for folder in ("", "model", "compile"):
        with os.scandir(os.path.join(package, folder)) as entries:
            sources = sorted(
                (entry.name, entry.stat().st_mtime_ns, entry.stat().st_size)
                for entry in entries
                if entry.name.endswith(".py")
            )
        stamp.update(repr(sources).encode())
    for name in _LIBRARIES:
        stamp.update(f"{name} {_identify(name)}\0".encode())
    return stamp.digest()


def _identify(library: str) -> str:
    """Say which copy of a library would be imported, without importing it."""
    top = library.partition(".")[0]
    found = find_spec(top)
    places = [] if found is None else list(found.submodule_search_locations or ())
    if found is not None and not places and found.origin:
        places = [found.origin]
    said = []
    for place in places:
        inside = os.path.join(place, *library.split(".")[1:])
        with suppress(OSError):
            about = os.stat(inside)
            said.append(f"{inside} {about.st_mtime_ns} {about.st_size}")
    return repr(said)

"""Files of the process provider: folders and files that are complete or not there at all."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from agentgit.effects import Permit
from agentgit.errors import DefiniteError, EngineError

HALF = ".half."  # begins the name of everything that is being made or being removed


@contextmanager
def engine_errors(host: str, doing: str) -> Iterator[None]:
    """Turn what the operating system refuses into an EngineError: the one place for all of it."""
    try:
        yield
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        why = (error.strerror or str(error) or type(error).__name__).lower()
        hint = None
        if isinstance(error, PermissionError) or error.errno in NO_ROOM:
            is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            remedy = "make room there" if is_full else "make the folder writable for this user"
            hint = (
                f"{remedy}, or give host {host} another one with `endpoint:` in environment.yaml"
            )
        kind = DefiniteError if error.errno in _LASTING else EngineError
        raise kind(f"{host}: cannot {doing}: {why}{where}", hint=hint) from error


_LASTING = frozenset(
    {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
    | {errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOEXEC}
)
NO_ROOM = frozenset({errno.ENOSPC, errno.EROFS, errno.EDQUOT})


def make_private(folder: Path) -> Path:
    """Have a folder that only its owner may look into."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file so that a reader sees the old bytes or the new ones."""
    half = _write_half(path, data, durable=True)
    half.replace(path)
    _sync_folder(path.parent)


def create_value(folder: Path, name: str, data: bytes, permit: Permit) -> bool:
    """Create a folder with one file in it, whole when it becomes visible; False: it is there.

    `permit` is asked when all that is left to do is to give it its name.
    """
    half = _name_half(folder)
    half.mkdir(mode=0o700)
    try:
        _write_half(half / name, data, durable=True).replace(half / name)
        _sync_folder(half)
        permit()
        half.rename(folder)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
            raise
        return False
    finally:
        remove_folder(half)
    _sync_folder(folder.parent)
    return True


def replace_value(folder: Path, name: str, data: bytes, permit: Permit) -> None:
    """Replace the file of such a folder. Raises FileNotFoundError when the folder is gone."""
    half = _write_half(folder, data, durable=True)
    try:
        permit()
        half.replace(folder / name)
    finally:
        half.unlink(missing_ok=True)
    _sync_folder(folder)


def drop_value(folder: Path, permit: Permit) -> None:
    """Remove such a folder, at once. Raises FileNotFoundError when it is gone."""
    half = _name_half(folder)
    permit()
    folder.rename(half)
    remove_folder(half)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON document that need not outlive this boot of the machine."""
    data = json.dumps(value, indent=1).encode()
    _write_half(path, data, durable=False).replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON document; None when there is none, or none that makes sense."""
    try:
        value = json.loads(read_regular(path))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def open_regular(path: Path) -> BufferedReader | None:
    """Open a file for reading; None for what is no file: somebody's pipe would never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    return None


def read_regular(path: Path) -> bytes:
    """Read a file; what is no file holds nothing."""
    file = open_regular(path)
    if file is None:
        return b""
    with file:
        return file.read()


def publish_folder(half: Path, target: Path) -> bool:
    """Give a finished folder its name; False when there is one of that name already."""
    try:
        half.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        remove_folder(half)
        return False
    _sync_folder(target.parent)
    return True


def retire_folder(folder: Path, half: Path) -> None:
    """Remove a folder so that it is gone at once, even if this is interrupted half-way."""
    with suppress(FileNotFoundError):
        folder.rename(half)
    remove_folder(half)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all its content, read-only or not; nothing to do when it is gone."""
    for parent, folders, _ in os.walk(folder):
        for name in (".", *folders):
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among threads and processes of this machine; it ends with its holder."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(path: Path) -> int | None:
    """Take a lock and give its file descriptor, None when somebody holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether somebody holds a lock right now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _name_half(path: Path) -> Path:
    """Name what will become that path, and remove what killed processes left half-made there."""
    for left in path.parent.glob(f"{HALF}pid*-*"):
        pid = left.name.removeprefix(f"{HALF}pid").partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            with suppress(OSError):
                remove_folder(left) if left.is_dir() else left.unlink()
    return path.with_name(f"{HALF}pid{os.getpid()}-{secrets.token_hex(8)}")


def _write_half(path: Path, data: bytes, *, durable: bool) -> Path:
    half = _name_half(path)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
    except OSError:
        half.unlink(missing_ok=True)  # on a full disk of all places
        raise
    return half


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A saved plan in a file: written at once and for its owner's eyes, read without trust."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from agentgit import __version__
from agentgit.errors import ConfigError, UsageError
from agentgit.model.saved_plan import SAVED_PLAN, SavedPlan
from agentgit.model.value import Json

_LIMIT = 1 << 30  # bytes that are read of a file that claims to be a plan
_KIND = SAVED_PLAN.partition("@")[0]
_AGAIN = "agentgit plan -e NAME --out FILE saves one"


def write_plan_file(path: Path, saved: SavedPlan) -> SavedPlan:
    """Write a plan so that the file is there as a whole or not at all; gives it with its digest.

    Only its owner may read it. Raises UsageError where nothing can be written.
    """
    document = saved.model_dump(mode="json", exclude={"digest"})
    digest = _digest(document)
    text = json.dumps({"format": document.pop("format"), "digest": digest, **document}, indent=1)
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is no file", hint="--out takes the path of a file")
        _replace(path, f"{text}\n".encode())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}",
            hint="name a file in a folder that is there and may be written",
        ) from error
    return saved.model_copy(update={"digest": digest})


def read_plan_file(path: Path) -> SavedPlan:
    """Read a saved plan. Raises UsageError where there is none, ConfigError for anything else."""
    document = _parse(path, _read(path))
    kind, _, version = str(document.get("format", "")).partition("@")
    if kind != _KIND:
        what = f"a document {kind}@{version}, for reading" if version else "no saved plan"
        raise ConfigError(f"{path} is {what}", hint=_AGAIN)
    made = f"agentgit {str(document.get('tool', '')).removeprefix('agentgit ')}".strip()
    if f"{kind}@{version}" != SAVED_PLAN:
        raise ConfigError(
            f"{path} was saved by {made} as {kind}@{version}; this is agentgit {__version__}, "
            f"which reads {SAVED_PLAN}",
            hint="use the version that saved it, or save a new one",
        )
    digest = document.pop("digest", None)
    if digest != _digest(document):
        raise ConfigError(f"{path} is damaged: it is not what was saved", hint="save a new one")
    try:
        # As text: what a plan has as numbers and durations is read as strictly as it was written.
        return SavedPlan.model_validate_json(json.dumps({**document, "digest": digest}))
    except ValidationError as error:
        raise ConfigError(
            f"{path} was saved by {made} and cannot be read by agentgit {__version__}",
            hint="use the version that saved it, or save a new one",
        ) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=_AGAIN) from error
    if len(data) > _LIMIT:
        raise ConfigError(f"{path} is no saved plan: it is too long", hint=_AGAIN)
    return data


def _parse(path: Path, data: bytes) -> dict[str, Json]:
    if not data.strip():
        raise ConfigError(f"{path} is empty", hint=_AGAIN)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        what = "damaged: it ends too early" if _begins_well(data) else "no saved plan"
        raise ConfigError(f"{path} is {what}", hint=_AGAIN) from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is no saved plan", hint=_AGAIN)
    return document


def _begins_well(data: bytes) -> bool:
    return f'"format": "{_KIND}@'.encode() in data[:200]


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file first, so that who dies over it leaves the old one."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _digest(document: dict[str, Json]) -> str:
    """Name the content, however it is laid out."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

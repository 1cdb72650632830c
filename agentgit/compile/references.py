"""Files and folders that a layer names: relative to it, inside the same commit, nowhere else."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from agentgit.compile.syntax import LFS_HINT, LFS_POINTER, LFS_WORDS, MAX_BYTES
from agentgit.compile.tree import Scalar, locate
from agentgit.compile.words import closest
from agentgit.compile.workspace import LINK, Workspace
from agentgit.errors import Problem


class Text(NamedTuple):
    """A text file of the repository."""

    path: str
    text: str


NO_TEXT = Text("", "")


class Folder(NamedTuple):
    """A folder of the repository with the digest of what is in it."""

    path: str
    digest: str


Wrong = tuple[str, str | None]  # message and hint, for every value that names the path


class References:
    """Resolves references; each file and folder is read once in a compile."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._texts: dict[str, str | Wrong] = {}
        self._folders: dict[str, str | Wrong] = {}
        self.named: set[str] = set()  # every path that was looked at

    def text(self, node: Scalar) -> Text | None:
        """Read the text file that a value names; None after reporting what is wrong."""
        path = self._resolve(node)
        if path is None:
            return None
        if not self.workspace.exists(path):
            self._report_missing(node, path)
            return None
        if path not in self._texts:
            self._texts[path] = self._read(path)
        text = self._texts[path]
        if isinstance(text, str):
            return Text(path, text)
        self._report(node, *text)
        return None

    def folder(self, node: Scalar) -> Folder | None:
        """Digest the folder that a value names; None after reporting what is wrong."""
        path = self._resolve(node)
        if path is None:
            return None
        if not path:
            hint = "name a folder, so that other files can change without new replicas"
            self._report(node, "source is the whole repository", hint)
            return None
        if not self.workspace.below(path):
            self._report_missing(node, path, folder=True)
            return None
        if path not in self._folders:
            self._folders[path] = self._digest(path)
        digest = self._folders[path]
        if isinstance(digest, str):
            return Folder(path, digest)
        self._report(node, *digest)
        return None

    def _report(self, node: Scalar, message: str, hint: str | None = None) -> None:
        self.workspace.report(Problem(message, locate(node), hint))

    def _resolve(self, node: Scalar) -> str | None:
        """Find the repository path that is meant."""
        named = str(node.value)
        if named.startswith("/"):
            hint = f"paths are relative to {node.file.path}"
            self._report(node, f"{named} is an absolute path", hint)
            return None
        path = join(node.file.path.rpartition("/")[0], named)
        if path is None:
            self._report(node, f"{named} leaves the repository", "name one inside it")
            return None
        files = self.workspace.snapshot.files
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            step = "/".join(parts[:count])
            if step in files and files[step].mode == LINK:
                self._report(node, f"{step} is a link, and links are not followed")
                return None
            if step in self.workspace.snapshot.submodules:
                message = f"{step} is a submodule, and its files are not part of this commit"
                self._report(node, message, "copy what is needed into this repository")
                return None
        self.named.add(path)
        return path

    def _report_missing(self, node: Scalar, path: str, *, folder: bool = False) -> None:
        files = self.workspace.paths
        if folder:
            known = {parent for file in files for parent in _parents(file)}
            what = "folder with files"
        else:
            beside = path.rpartition("/")[0]
            near = {file for file in files if file.rpartition("/")[0] == beside}
            last = path.rpartition("/")[2]
            known = near | {file for file in files if file.rpartition("/")[2] == last}
            what = "file"
        nearest = closest(path, known)
        hint = f"did you mean {nearest}?" if nearest else "is it committed, and spelt like this?"
        self._report(node, f"there is no {what} {path} in the repository", hint)

    def _read(self, path: str) -> str | Wrong:
        data = self.workspace.snapshot.read(path)
        if len(data) > MAX_BYTES:
            return f"{path} has {len(data)} bytes, {MAX_BYTES} are allowed", None
        if data.startswith(LFS_POINTER):
            return f"{path} is {LFS_WORDS}", LFS_HINT
        try:
            text = data.removeprefix(b"\xef\xbb\xbf").decode()  # as of a layer
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            return f"{path} is not UTF-8, line {line}", "save it as UTF-8"
        if "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            return f"{path} is not text: a NUL in line {line}", "take it out"
        return text

    def _digest(self, folder: str) -> str | Wrong:
        """Digest paths, modes and bytes: not Git's ids, which depend on its object format."""
        total = hashlib.sha256()
        snapshot = self.workspace.snapshot
        for path in snapshot.submodules:
            if path.startswith(f"{folder}/"):
                message = f"{path} is a submodule, and its files are not part of this commit"
                return message, "copy what is needed into this repository"
        for path in self.workspace.below(folder):
            inner, mode = path[len(folder) + 1 :], snapshot.files[path].mode
            data = snapshot.read(path)
            if mode == LINK and _leaves(inner, data):
                return f"{path} is a link that leaves {folder}", "copy the file"
            if data.startswith(LFS_POINTER):
                return f"{path} is {LFS_WORDS}", LFS_HINT
            content = hashlib.sha256(data).hexdigest()
            total.update(f"{mode} {content} {inner}\0".encode("utf-8", "surrogateescape"))
        return total.hexdigest()


def join(folder: str, named: str) -> str | None:
    """Put a relative path behind a folder; None when it climbs out of the repository."""
    parts = [part for part in folder.split("/") if part]
    for part in named.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _leaves(path: str, target: bytes) -> bool:
    named = target.decode("utf-8", "replace")
    return named.startswith("/") or join(path.rpartition("/")[0], named) is None


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]

"""Exports are complete, of read-only files, inside their folder, and go when nobody needs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentgit.errors import EngineError
from agentgit.providers.process import untouched
from agentgit.providers.process.source import (
    export_source,
    find_edited,
    list_abandoned,
    note_export,
)

File = tuple[str, str, bytes]


def export(
    folder: Path, *files: File, digest: str = "d", used: frozenset[str] = frozenset()
) -> Path:
    export_source(folder / "sources", digest, files, used)
    return folder / "sources" / digest


def test_files_as_in_the_commit(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        ("agent.py", "100644", b"print()"),
        ("bin/run", "100755", b"#!/bin/sh"),
        ("bin/link", "120000", b"../agent.py"),
        ("vendor", "160000", b""),
    )
    assert sorted(str(path.relative_to(found)) for path in found.rglob("*")) == [
        "agent.py",
        "bin",
        "bin/link",
        "bin/run",
    ]
    assert (found / "bin/link").read_bytes() == b"print()"
    assert os.access(found / "bin/run", os.X_OK)
    assert found.stat().st_mode & 0o777 == 0o700
    assert (found / "agent.py").stat().st_mode & 0o777 == 0o400
    assert (found / "bin/run").stat().st_mode & 0o777 == 0o500


def test_second_export_reads_nothing(tmp_path: Path) -> None:
    def refuse() -> Iterator[File]:
        pytest.fail("looked at the files")
        yield "", "", b""

    export(tmp_path, ("a", "100644", b""))
    export_source(tmp_path / "sources", "d", refuse(), frozenset())


@pytest.mark.parametrize("to", ["/etc/passwd", "../outside", "sub/../../outside"])
def test_links_stay_inside(tmp_path: Path, to: str) -> None:
    with pytest.raises(EngineError, match="leaves the folder"):
        export(tmp_path, ("link", "120000", to.encode()))
    assert not (tmp_path / "sources" / "d").exists()


def test_paths_stay_inside(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="leaves the folder"):
        export(tmp_path, ("../outside", "100644", b""))


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="empty"):
        export(tmp_path)
    assert list((tmp_path / "sources").iterdir()) == []


def test_half_export_is_a_leftover_once_its_maker_is_gone(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path; "
        "from agentgit.providers.process.source import *; "
        "export_source(Path(sys.argv[1]), 'd', (os.kill(os.getpid(), 9) for _ in 'x'), set())"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": root},
        check=False,
    )
    assert len(list_abandoned(tmp_path)) == 1

    def look() -> Iterator[File]:
        yield "a", "100644", b""
        assert len(list_abandoned(tmp_path)) == 1  # the one that is being made is none

    export_source(tmp_path, "other", look(), frozenset())


def test_unused_exports_go_after_a_day(tmp_path: Path) -> None:
    file = ("sub/a", "100644", b"")
    for digest in ("old", "used", "fresh"):
        export(tmp_path, file, digest=digest)
    long_ago = time.time() - 2 * 24 * 3600
    for digest in ("old", "used"):
        os.utime(tmp_path / "sources" / digest, (long_ago, long_ago))
    (tmp_path / "exported" / "old.json").unlink()
    note_export(tmp_path / "sources" / "old")
    export(tmp_path, file, digest="new", used=frozenset({"used"}))
    left = ["fresh", "new", "used"]
    assert sorted(path.name for path in (tmp_path / "sources").iterdir()) == left
    assert sorted(path.stem for path in (tmp_path / "exported").iterdir()) == left


def test_asking_for_an_export_keeps_it(tmp_path: Path) -> None:
    file = ("a", "100644", b"")
    found = export(tmp_path, file, digest="old")
    os.utime(found, (0, 0))
    export(tmp_path, file, digest="old")
    export(tmp_path, file, digest="new")
    assert found.is_dir()


PROGRAM = (("agent.py", "100644", b"print()"), ("bin/run", "100755", b"#!/bin/sh"),
           ("bin/link", "120000", b"../agent.py"))  # fmt: skip


def rewrite(path: Path) -> None:
    """Edit a file and leave its size and its time as they were."""
    seen = path.stat()
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().upper())
    path.chmod(seen.st_mode)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def relink(path: Path) -> None:
    path.unlink()
    path.symlink_to("run")


@pytest.mark.parametrize(
    ("edit", "path"),
    [(rewrite, "agent.py"), (Path.unlink, "agent.py"), (relink, "bin/link"),
     (lambda path: path.chmod(0o400), "bin/run")],
)  # fmt: skip
def test_what_somebody_edited_is_named(
    tmp_path: Path, edit: Callable[[Path], None], path: str
) -> None:
    found = export(tmp_path, *PROGRAM)
    edit(found / path)
    assert find_edited(found) is not None
    assert set(find_edited(found) or ()) == {f"source/{path}"}
    assert not find_edited(tmp_path / "sources" / "never exported")
    export(tmp_path, *PROGRAM)
    assert find_edited(tmp_path / "sources" / "d-2") == {}
    assert (tmp_path / "sources" / "d-2" / "agent.py").read_bytes() == b"print()"


def test_what_was_only_touched_or_put_beside_it_is_not(tmp_path: Path) -> None:
    found = export(tmp_path, *PROGRAM)
    (found / "agent.py").touch()
    (found / "agent.py").chmod(0o600)
    (found / "bin/run").rename(found / "aside")
    (found / "bin/run").write_bytes((found / "aside").read_bytes())
    (found / "bin/run").chmod(0o500)
    assert find_edited(found) == {}


def test_what_nobody_touched_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = export(tmp_path, *PROGRAM)
    monkeypatch.setattr(untouched, "digest_file", lambda path: pytest.fail(f"has read {path}"))
    assert find_edited(found) == {}


def test_of_many_edited_files_the_folder_is_named(tmp_path: Path) -> None:
    found = export(tmp_path, *((f"{number}.py", "100644", b"") for number in range(6)))
    for path in found.iterdir():
        path.unlink()
    assert (find_edited(found) or {}).keys() == {"source"}

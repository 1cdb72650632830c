"""Values in a folder: odd names, half-written files, one creator among many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentgit.effects import Permit
from agentgit.errors import LostLeaseError
from agentgit.providers.process.store import FolderStore

NAMES = ["lease.staging.1", ".hidden", ".", "..", "a/b", "../outside", "ü%2F", ".half.0123"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_one_value_in_the_folder(tmp_path: Path, name: str) -> None:
    store = FolderStore("here", tmp_path / "store")
    assert store.create(name, b"value")
    assert not store.create(name, b"other")
    assert store.read(name) == b"value"
    assert store.names("") == (name,)
    assert [path.parent for path in (tmp_path / "store").iterdir()] == [tmp_path / "store"]
    store.delete(name)
    assert store.names("") == ()


@given(name=st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_names_come_back(tmp_path: Path, name: str) -> None:
    store = FolderStore("here", tmp_path / "store")
    store.delete(name)
    assert store.create(name, b"")
    assert name in store.names("")


def test_half_written_values_are_no_values(tmp_path: Path) -> None:
    store = FolderStore("here", tmp_path)
    store.create("lease", b"x")
    (tmp_path / ".half.0123456789abcdef").write_bytes(b"y")
    assert store.names("") == ("lease",)


def test_one_of_many_creates_and_its_value_is_whole(tmp_path: Path) -> None:
    stores = [FolderStore("here", tmp_path) for _ in range(8)]
    data = [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: stores[number].create("lease", data[number]), range(8)))
    assert won.count(True) == 1
    assert stores[0].read("lease") == data[won.index(True)]
    assert [path.name for path in tmp_path.iterdir()] == ["lease"]


def test_values_are_private(tmp_path: Path) -> None:
    store = FolderStore("here", tmp_path / "store")
    store.create("key", b"x")
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0
    assert (tmp_path / "store" / "key").stat().st_mode & 0o077 == 0


def test_a_writer_that_goes_on_too_late_brings_nothing_back(tmp_path: Path) -> None:
    """It was stopped when its file was ready, and what it belongs to was deleted meanwhile."""
    other = FolderStore("here", tmp_path)
    other.create("lease", b"1")
    permit = Permit()
    permit.check = lambda: other.delete("lease")
    with pytest.raises(KeyError):
        FolderStore("here", tmp_path, permit).write("lease", b"2")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_changed_without_a_permit(tmp_path: Path) -> None:
    FolderStore("here", tmp_path).create("lease", b"1")

    def refuse() -> None:
        raise LostLeaseError("lost")

    permit = Permit()
    permit.check = refuse
    store = FolderStore("here", tmp_path, permit)
    for change in (
        lambda: store.create("other", b""),
        lambda: store.write("lease", b"2"),
        lambda: store.delete("lease"),
    ):
        with pytest.raises(LostLeaseError):
            change()
    assert (store.names(""), store.read("lease")) == (("lease",), b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["lease"]


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("POST /v1.41/containers/create", True),
        ("PUT /v1.41/containers/1/archive", True),
        ("DELETE /v1.41/containers/1", True),
        ("GET /v1.41/containers/json", False),
        ("POST /v1.41/containers/1/exec", False),
        ("POST /v1.41/exec/1/start", False),
    ],
)
def test_each_changing_call_of_an_engine_asks(call: str, *, asked: bool) -> None:
    permit, seen = Permit(), list[bool]()
    permit.check = lambda: seen.append(True)
    permit.watch_call("before", call)
    permit.watch_call("after", call)
    assert seen == [True] * asked

"""The part of the contract about the host store: small named values, one creator each."""

# ruff: noqa: S101 - a conformance suite asserts

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from agentgit.effects import HostStore, Provider
from agentgit.model.fingerprint import take_fingerprint
from agentgit.model.observed import name_identity
from agentgit.testing.provider_hooks import (
    ENVIRONMENT,
    OpenProvider,
    ProviderHooks,
)


class StoreContract(ProviderHooks):
    """Values with a compare-and-swap, invisible to `observe`."""

    def test_store_keeps_values(self, provider: Provider) -> None:
        """Create, write, read, list, delete."""
        store = provider.store
        assert store.read("lease-staging-1") is None
        assert store.create("lease-staging-1", b"one")
        assert store.read("lease-staging-1") == b"one"
        store.write("lease-staging-1", b"another\n\x00")
        assert store.read("lease-staging-1") == b"another\n\x00"
        assert store.create("lease-staging-10", b"")
        assert store.create("progress", b"p")
        assert store.names("lease-") == ("lease-staging-1", "lease-staging-10")
        assert store.names("") == ("lease-staging-1", "lease-staging-10", "progress")
        store.delete("lease-staging-1")
        store.delete("lease-staging-1")
        assert store.names("lease-") == ("lease-staging-10",)
        assert store.read("lease-staging-1") is None

    def test_store_tells_values_apart(self, provider: Provider) -> None:
        """A fingerprint is that of the value as it is; one of nothing there is none."""
        store = provider.store
        assert store.fingerprint("progress") is None
        for data in (b"", b"one", b"two", b"\n\x00" * 50_000):
            if not store.create("progress", data):
                store.write("progress", data)
            assert store.fingerprint("progress") == take_fingerprint(data)
        store.delete("progress")
        assert store.fingerprint("progress") is None

    def test_store_write_needs_a_value(self, provider: Provider) -> None:
        """Writing never creates: a lost lease stays lost."""
        with pytest.raises(KeyError):
            provider.store.write("lease-staging-1", b"x")
        assert provider.store.names("") == ()

    def test_store_has_one_creator(self, open_provider: OpenProvider, project_id: str) -> None:
        """Of many who create the same value at once exactly one succeeds, and its value stays."""
        stores = [open_provider(project_id).store for _ in range(4)]
        with ThreadPoolExecutor(len(stores)) as pool:
            won = list(
                pool.map(
                    lambda pair: pair[1].create("lease-1", b"%d" % pair[0]), enumerate(stores)
                )
            )
        assert sorted(won) == [False, False, False, True]
        assert stores[0].read("lease-1") == b"%d" % won.index(True)

    def test_store_is_read_while_values_go(
        self, open_provider: OpenProvider, project_id: str
    ) -> None:
        """A value that somebody takes away while others read it is there, or is not: no error."""
        writer, *readers = [open_provider(project_id).store for _ in range(4)]
        done = Event()

        def read(store: HostStore) -> set[bytes | None]:
            seen: set[bytes | None] = set()
            while not done.is_set():
                seen.add(store.read("progress"))
            return seen

        with ThreadPoolExecutor(len(readers)) as pool:
            reading = [pool.submit(read, store) for store in readers]
            try:
                for _ in range(10):
                    assert writer.create("progress", b"p")
                    writer.delete("progress")
            finally:
                done.set()
            for one in reading:
                assert one.result() <= {None, b"", b"p"}

    def test_store_belongs_to_the_project(
        self, open_provider: OpenProvider, project_id: str
    ) -> None:
        """Another project sees nothing of it and can use the same names."""
        ours, theirs = open_provider(project_id).store, open_provider(str(uuid.uuid4())).store
        assert ours.create("lease-1", b"ours")
        assert theirs.names("") == ()
        assert theirs.create("lease-1", b"theirs")
        theirs.delete("lease-1")
        assert ours.read("lease-1") == b"ours"

    def test_store_is_not_observed(self, provider: Provider) -> None:
        """Values are no replicas and no leftovers."""
        provider.store.create("lease-staging-1", b"x")
        state = provider.observe(ENVIRONMENT)
        assert (state.replicas, state.networks, state.volumes, state.leftovers) == ((),) * 4

    def test_host_is_known_again(self, open_provider: OpenProvider, project_id: str) -> None:
        """An identity is there once it was left there, the same for all who ask, for ever."""
        one, other = open_provider(project_id), open_provider(project_id)
        assert one.observe(ENVIRONMENT).identity == ""
        name = name_identity(ENVIRONMENT)
        assert one.store.create(name, b"0123abcd")
        known = one.observe(ENVIRONMENT).identity
        assert known
        assert other.observe(ENVIRONMENT).identity == known
        assert one.observe("production").identity == ""
        one.store.delete(name)
        assert other.observe(ENVIRONMENT).identity == ""

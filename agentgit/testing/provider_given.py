"""The part of the contract about what a replica is given, and about whose it is."""

# ruff: noqa: S101 - a conformance suite asserts

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentgit.effects import Provider
from agentgit.errors import EngineError
from agentgit.model.container import Limits
from agentgit.model.observed import Replica
from agentgit.model.steps import (
    CheckRoom,
    EnsureImage,
    RemoveImage,
    RemoveLeftover,
    RemoveReplica,
    StopReplica,
    UpdateReplica,
)
from agentgit.testing.provider_hooks import (
    DOCUMENT,
    ENVIRONMENT,
    STAMP,
    OpenProvider,
    ProviderHooks,
)


class GivenContract(ProviderHooks):
    """Configuration, log, ports, limits, volumes; projects and environments kept apart."""

    # ---- what a replica is given

    def test_configuration_reaches_the_replica(self, provider: Provider, project_id: str) -> None:
        """The document arrives, whole and unchanged."""
        spec = self.replica_spec(project_id)
        self.run(provider, spec)
        self.wait_for(provider, spec.name, lambda replica: replica.serving)
        assert self.configuration(provider, spec.name) == DOCUMENT

    def test_request_gives_the_status(self, provider: Provider, project_id: str) -> None:
        """An unhealthy answer is an answer."""
        spec = self.replica_spec(project_id, "unhealthy")
        self.run(provider, spec)
        self.wait_for(provider, spec.name, lambda replica: replica.health == "unhealthy")
        assert provider.request(spec.name, "http", "/healthz", 10.0)[0] == 503

    def test_log_lines(self, provider: Provider, project_id: str) -> None:
        """Oldest first, without line ends; the tail is the last of them."""
        spec = self.replica_spec(project_id)
        self.run(provider, spec)
        self.wait_for(provider, spec.name, lambda replica: replica.serving)
        lines = list(provider.logs(spec.name))
        assert lines[:2] == ["agent starts", "agent serves"]
        assert list(provider.logs(spec.name, tail=1)) == lines[-1:]

    def test_followed_log_ends_with_the_replica(self, provider: Provider, project_id: str) -> None:
        """Following shows what is written later, and ends when nothing more can come."""
        spec = self.replica_spec(project_id)
        self.run(provider, spec)
        self.wait_for(provider, spec.name, lambda replica: replica.serving)
        follower = provider.logs(spec.name, follow=True)
        first = next(follower)
        with ThreadPoolExecutor(1) as pool:
            rest = pool.submit(list, follower)
            provider.perform(StopReplica(host="here", name=spec.name, grace=5.0), STAMP)
            lines = [first, *rest.result(self.patience)]
        assert lines == ["agent starts", "agent serves", "agent ends"]

    def test_ports_get_addresses(self, provider: Provider, project_id: str) -> None:
        """Every port has a place to reach it, and two replicas do not share one."""
        one = self.replica_spec(project_id, instance="one")
        two = self.replica_spec(project_id, instance="two")
        addresses = []
        for spec in (one, two):
            self.run(provider, spec)
            found = self.wait_for(provider, spec.name, lambda replica: replica.serving)
            addresses.append(found.addresses["http"])
        assert all(address.rpartition(":")[2].isdigit() for address in addresses)
        assert len(set(addresses)) == 2

    def test_limits_are_live(self, provider: Provider, project_id: str) -> None:
        """Limits and restart policy are read back; what is not set is not there."""
        if not self.has_limits:
            pytest.skip("knows no limits")
        found = self.run_with_limits(provider, project_id, {"memory": "64m"})
        assert found.live.limits == Limits(memory="64m")
        assert found.live.restart == "no"

    @pytest.mark.parametrize("policy", ["no", "always", "unless-stopped", "on-failure"])
    def test_restart_policy_is_live(
        self, provider: Provider, project_id: str, policy: str
    ) -> None:
        """Every restart policy is read back as it was asked for."""
        spec = self.replica_spec(project_id)
        if spec.container is None:
            pytest.skip("knows no restart policies")
        wanted = spec.container.model_copy(update={"restart": policy})
        self.create(provider, spec.model_copy(update={"container": wanted}))
        (found,) = provider.observe(ENVIRONMENT).replicas
        assert found.live.restart == policy

    def test_update_in_place(self, provider: Provider, project_id: str) -> None:
        """Where the provider says so, limits are set, changed and lifted without a new replica."""
        if "update" not in provider.observe(ENVIRONMENT).supports:
            pytest.skip("changes nothing in place")
        found = self.run_with_limits(provider, project_id, {"memory": "64m", "cpus": "0.5"})
        for limits in (
            Limits(memory="256m", cpus="0.25", pids=90),
            Limits(memory="64m", cpus="1"),
            Limits(),
        ):
            for _ in range(2):
                step = UpdateReplica(
                    host="here", name=found.name, id=found.id, limits=limits, restart="always"
                )
                provider.perform(step, STAMP)
            (after,) = provider.observe(ENVIRONMENT).replicas
            assert (after.live.limits, after.live.restart) == (limits, "always")
            assert (after.id, after.started_at) == (found.id, found.started_at)

    def run_with_limits(
        self, provider: Provider, project_id: str, limits: Mapping[str, object]
    ) -> Replica:
        """Run a replica with these limits."""
        spec = self.replica_spec(project_id)
        assert spec.container is not None, "limits belong to the container block"
        wanted = spec.container.model_copy(
            update={
                "deploy": type(spec.container.deploy).model_validate(
                    {"resources": {"limits": limits}}
                )
            }
        )
        spec = spec.model_copy(update={"container": wanted})
        self.run(provider, spec)
        return self.wait_for(provider, spec.name, lambda replica: replica.serving)

    def test_volumes_outlive_replicas(self, provider: Provider, project_id: str) -> None:
        """Removing a replica keeps the volume that it used."""
        if not self.has_volumes:
            pytest.skip("knows no volumes")
        volume = f"acme-{project_id[:6]}-{ENVIRONMENT}-data"
        spec = self.replica_spec(project_id)
        assert spec.container is not None
        used = spec.container.model_validate(
            spec.container.model_dump() | {"volumes": {"/data": {"name": "data"}}}
        )
        spec = spec.model_copy(update={"container": used, "volumes": {"/data": volume}})
        self.run(provider, spec)
        assert provider.observe(ENVIRONMENT).volumes == (volume,)
        provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
        assert provider.observe(ENVIRONMENT).volumes == (volume,)

    # ---- whose it is

    def test_room_is_checked_where_it_is_known(self, provider: Provider) -> None:
        """Too little is an error; what is not known is none."""
        room = provider.free_room()
        provider.perform(CheckRoom(host="here", least=0), STAMP)
        too_much = CheckRoom(host="here", least=2**60)
        if room is None:
            provider.perform(too_much, STAMP)
            return
        assert room > 0
        with pytest.raises(EngineError, match="minFreeDisk"):
            provider.perform(too_much, STAMP)

    def test_an_image_that_was_there_is_nobodys_to_remove(
        self, provider: Provider, project_id: str
    ) -> None:
        """Only what the project itself has pulled may go, whoever asks for it."""
        spec = self.replica_spec(project_id)
        if spec.container is None or not self.runs_images:
            pytest.skip("knows no images")
        name = spec.container.image
        provider.perform(EnsureImage(host="here", image=name), STAMP)
        found = provider.find_image(name)
        assert found is not None
        assert provider.brought_images(ENVIRONMENT) == ()
        for _ in range(2):
            step = RemoveImage(host="here", environment=ENVIRONMENT, id=found.id, name=name)
            provider.perform(step, STAMP)
        assert provider.find_image(name) == found
        assert provider.store.names("") == ()

    def test_networks_of_the_environment(self, provider: Provider, project_id: str) -> None:
        """A replica joins all its networks; one in use is never removed, one without use is."""
        if not self.has_networks:
            pytest.skip("knows no networks")
        names = {key: f"acme-{project_id[:6]}-{ENVIRONMENT}-{key}" for key in ("back", "front")}
        spec = self.replica_spec(project_id, networks=names)
        self.run(provider, spec)
        self.create(provider, spec)
        self.wait_for(provider, spec.name, lambda replica: replica.serving)
        state = provider.observe(ENVIRONMENT)
        assert (state.networks, state.leftovers) == (tuple(sorted(names.values())), ())
        removals = [
            RemoveLeftover(host="here", what="network", id="", name=name)
            for name in names.values()
        ]
        for step in removals:
            with pytest.raises(EngineError, match=spec.name):
                provider.perform(step, STAMP)
        provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
        for step in (*removals, *removals):
            provider.perform(step, STAMP)
        assert provider.observe(ENVIRONMENT).networks == ()

    def test_projects_do_not_meet(self, open_provider: OpenProvider, project_id: str) -> None:
        """Two projects of one name with one environment of one name: neither touches the other."""
        other_id = str(uuid.uuid4())
        ours, theirs = open_provider(project_id), open_provider(other_id)
        mine, other = self.replica_spec(project_id), self.replica_spec(other_id)
        self.run(ours, mine)
        self.run(theirs, other)
        assert [one.name for one in ours.observe(ENVIRONMENT).replicas] == [mine.name]
        assert [one.name for one in theirs.observe(ENVIRONMENT).replicas] == [other.name]
        assert ours.replica(other.name) is None
        found = theirs.observe(ENVIRONMENT).replicas[0]
        for id_ in (None, found.id):
            for step in (
                StopReplica(host="here", name=other.name, id=id_, grace=0.0),
                RemoveReplica(host="here", name=other.name, id=id_),
            ):
                try:
                    ours.perform(step, STAMP)
                except EngineError:  # refusing is as good as doing nothing
                    continue
        self.wait_for(theirs, other.name, lambda replica: replica.serving)
        assert [
            left.id for left in ours.observe(ENVIRONMENT).leftovers if left.kind == "config"
        ] == []

    def test_environments_are_apart(self, provider: Provider, project_id: str) -> None:
        """What runs in one environment is not seen in the other."""
        self.create(provider, self.replica_spec(project_id, environment="production"))
        state = provider.observe(ENVIRONMENT)
        assert (state.replicas, state.networks, state.volumes, state.leftovers) == ((),) * 4
        assert len(provider.observe("production").replicas) == 1

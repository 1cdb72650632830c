"""The part of the contract about a replica's life: created, started, stopped, removed."""

# ruff: noqa: S101 - a conformance suite asserts

from __future__ import annotations

import pytest

from agentgit.effects import Provider
from agentgit.errors import EngineError, ReplicaError
from agentgit.model.observed import Replica
from agentgit.model.steps import (
    EnsureImage,
    RemoveReplica,
    ReplicaSpec,
    StartReplica,
    StopReplica,
)
from agentgit.testing.provider_hooks import (
    ENVIRONMENT,
    STAMP,
    ProviderHooks,
)


class LifeContract(ProviderHooks):
    """Looking at replicas, their life, and telling good ones from bad ones."""

    # ---- looking

    def test_empty_environment_has_nothing(self, provider: Provider) -> None:
        """No replicas, networks, volumes or leftovers where nothing was made."""
        state = provider.observe(ENVIRONMENT)
        assert state.host == provider.host
        assert state.engine == provider.kind
        assert (state.replicas, state.networks, state.volumes, state.leftovers) == ((),) * 4

    def test_unknown_replica_is_none(self, provider: Provider) -> None:
        """Looking for a replica that was never made finds nothing."""
        assert provider.replica("acme-nobody") is None

    def test_it_is_there(self, provider: Provider) -> None:
        """Knocking changes nothing, and neither before nor after it anything else is needed."""
        provider.knock()
        assert provider.replica("acme-nobody") is None
        provider.knock()

    def test_unknown_replica_cannot_be_used(self, provider: Provider) -> None:
        """Its log, its ports and its start are the caller's mistake, said plainly."""
        with pytest.raises(EngineError):
            list(provider.logs("acme-nobody"))
        with pytest.raises(EngineError):
            provider.request("acme-nobody", "http", "/", 1.0)
        with pytest.raises(EngineError):
            provider.perform(StartReplica(host="here", name="acme-nobody"), STAMP)

    def test_observe_and_replica_agree(self, provider: Provider, project_id: str) -> None:
        """One look at all and one look at one tell the same."""
        spec = self.replica_spec(project_id)
        self.run(provider, spec)
        healthy = self.wait_for(provider, spec.name, lambda replica: replica.serving)
        assert provider.observe(ENVIRONMENT).replicas == (healthy,)

    # ---- life

    def test_life_of_a_replica(self, provider: Provider, project_id: str) -> None:
        """Created, started, healthy, stopped, removed; and nothing is left of it."""
        spec = self.replica_spec(project_id)
        self.create(provider, spec)
        (created,) = provider.observe(ENVIRONMENT).replicas
        assert created.state == "created"
        assert created.exit_code is None
        provider.perform(StartReplica(host="here", name=spec.name), STAMP)
        running = self.wait_for(provider, spec.name, lambda replica: replica.health == "healthy")
        assert (running.state, running.id) == ("running", created.id)
        provider.perform(StopReplica(host="here", name=spec.name, id=running.id, grace=5.0), STAMP)
        (stopped,) = provider.observe(ENVIRONMENT).replicas
        assert (stopped.state, stopped.id) == ("exited", created.id)
        provider.perform(RemoveReplica(host="here", name=spec.name, id=running.id), STAMP)
        state = provider.observe(ENVIRONMENT)
        assert state.replicas == ()
        assert [left for left in state.leftovers if left.kind != "network"] == []

    def test_identity_comes_back(self, provider: Provider, project_id: str) -> None:
        """What was asked for can be read from the replica, with who created it."""
        spec = self.replica_spec(project_id, slot=2)
        self.create(provider, spec)
        (found,) = provider.observe(ENVIRONMENT).replicas
        assert found.host == provider.host
        for field in ("name", "instance", "agent", "slot", "revision", "commit"):
            assert getattr(found, field) == getattr(spec, field)
        assert (found.rollout, found.fence) == (STAMP.rollout, STAMP.fence)

    def test_every_step_twice_is_once(self, provider: Provider, project_id: str) -> None:
        """Performing a step again changes nothing more."""
        spec = self.replica_spec(project_id)
        for step in self.preparation(spec):
            provider.perform(step, STAMP)
        first = self.create_twice(provider, spec)
        for _ in range(2):
            provider.perform(StartReplica(host="here", name=spec.name), STAMP)
        running = self.wait_for(provider, spec.name, lambda replica: replica.serving)
        assert running.id == first.id
        for _ in range(2):
            provider.perform(StopReplica(host="here", name=spec.name, id=first.id), STAMP)
        for _ in range(2):
            provider.perform(RemoveReplica(host="here", name=spec.name, id=first.id), STAMP)
        provider.perform(StopReplica(host="here", name=spec.name, id=first.id), STAMP)
        assert provider.observe(ENVIRONMENT).replicas == ()

    def create_twice(self, provider: Provider, spec: ReplicaSpec) -> Replica:
        """Prepare and create two times; there is one replica, the first."""
        self.create(provider, spec)
        (first,) = provider.observe(ENVIRONMENT).replicas
        networks, volumes = (
            provider.observe(ENVIRONMENT).networks,
            provider.observe(ENVIRONMENT).volumes,
        )
        self.create(provider, spec)
        state = provider.observe(ENVIRONMENT)
        assert [replica.id for replica in state.replicas] == [first.id]
        assert (state.networks, state.volumes) == (networks, volumes)
        return first

    def test_create_again_leaves_a_running_replica_alone(
        self, provider: Provider, project_id: str
    ) -> None:
        """A step repeated after a crash must not disturb what it had already brought about."""
        spec = self.replica_spec(project_id)
        self.run(provider, spec)
        before = self.wait_for(provider, spec.name, lambda replica: replica.serving)
        self.create(provider, spec)
        after = self.wait_for(provider, spec.name, lambda replica: replica.serving)
        assert (after.id, after.started_at) == (before.id, before.started_at)

    def test_stop_by_name_is_enough(self, provider: Provider, project_id: str) -> None:
        """Undo steps do not know the id."""
        spec = self.replica_spec(project_id)
        self.run(provider, spec)
        self.wait_for(provider, spec.name, lambda replica: replica.serving)
        provider.perform(StopReplica(host="here", name=spec.name), STAMP)
        provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
        assert provider.replica(spec.name) is None

    def test_remove_ends_a_running_replica(self, provider: Provider, project_id: str) -> None:
        """Even one that does not listen to a polite request."""
        spec = self.replica_spec(project_id, "stubborn")
        self.run(provider, spec)
        found = self.wait_for(provider, spec.name, lambda replica: replica.serving)
        provider.perform(RemoveReplica(host="here", name=spec.name, id=found.id), STAMP)
        assert provider.observe(ENVIRONMENT).replicas == ()

    def test_stop_kills_after_the_grace_period(self, provider: Provider, project_id: str) -> None:
        """A replica that ignores the request is gone when the step returns."""
        spec = self.replica_spec(project_id, "stubborn")
        self.run(provider, spec)
        found = self.wait_for(provider, spec.name, lambda replica: replica.serving)
        provider.perform(StopReplica(host="here", name=spec.name, id=found.id, grace=1.0), STAMP)
        (stopped,) = provider.observe(ENVIRONMENT).replicas
        assert stopped.state == "exited"

    def test_another_id_is_never_destroyed(self, provider: Provider, project_id: str) -> None:
        """A step that names a replica which has been replaced since leaves the new one alone."""
        spec = self.replica_spec(project_id)
        self.create(provider, spec)
        (found,) = provider.observe(ENVIRONMENT).replicas
        stale = found.id[::-1] if found.id[::-1] != found.id else found.id[:-1] + "x"
        provider.perform(RemoveReplica(host="here", name=spec.name, id=stale), STAMP)
        assert [replica.id for replica in provider.observe(ENVIRONMENT).replicas] == [found.id]

    # ---- telling good from bad

    def test_unhealthy_is_told(self, provider: Provider, project_id: str) -> None:
        """It runs, and its check says no."""
        spec = self.replica_spec(project_id, "unhealthy")
        self.run(provider, spec)
        found = self.wait_for(provider, spec.name, lambda one: one.health == "unhealthy")
        assert found.state == "running"
        assert not found.serving

    def test_crash_is_told(self, provider: Provider, project_id: str) -> None:
        """It has ended by itself; the exit code and the last words are there."""
        spec = self.replica_spec(project_id, "crashing")
        self.run(provider, spec)
        found = self.wait_for(provider, spec.name, lambda one: one.state == "exited")
        assert found.exit_code == 7
        assert not found.serving
        assert "cannot go on" in list(provider.logs(spec.name))

    def test_program_that_does_not_exist_is_the_revisions_fault(
        self, provider: Provider, project_id: str
    ) -> None:
        """The start fails, and not because of the host."""
        spec = self.replica_spec(project_id, "unstartable")
        self.create(provider, spec)
        with pytest.raises(ReplicaError):
            provider.perform(StartReplica(host="here", name=spec.name), STAMP)
        found = provider.replica(spec.name)
        assert found is None or not found.serving
        provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
        assert provider.observe(ENVIRONMENT).replicas == ()

    def test_image_that_does_not_exist(self, provider: Provider) -> None:
        """The error names the image."""
        if not self.runs_images:
            pytest.skip("runs no images")
        image = "127.0.0.1:9/agentgit/nobody:1"
        with pytest.raises(EngineError, match=image):
            provider.perform(EnsureImage(host="here", image=image, timeout=20.0), STAMP)

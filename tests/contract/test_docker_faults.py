"""What the contract cannot say for every provider: real engines, half-made and foreign things."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import docker
import docker.errors
import pytest

from agentgit.errors import EngineError
from agentgit.model.image import Image
from agentgit.model.observed import Leftover
from agentgit.model.steps import (
    CreateReplica,
    EnsureImage,
    EnsureNetwork,
    EnsureVolume,
    RemoveLeftover,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
    StartReplica,
    StopReplica,
)
from agentgit.providers.docker.carrier import create_carrier
from agentgit.providers.docker.labels import label_part
from agentgit.providers.endpoints import answers

pytestmark = [pytest.mark.docker, pytest.mark.podman]

ENVIRONMENT = "staging"
IMAGE = "agentgit-test-python:1"
STAMP = Stamp(rollout="20261120-081530-7f3a", fence=3)


def is_whole(world: Any, spec: ReplicaSpec) -> None:
    """There is one replica, complete, and nothing beside it."""
    state = world.provider.observe(ENVIRONMENT)
    assert [one.name for one in state.replicas] == [spec.name]
    assert state.leftovers == ()
    container = world.client.inspect_container(spec.name)
    assert set(container["NetworkSettings"]["Networks"]) == set(spec.networks.values())


def test_creation_cut_anywhere_converges(world: Any) -> None:
    networks = {"front": f"acme-{world.key}-front", "back": f"acme-{world.key}-back"}
    spec = world.spec().model_copy(update={"networks": networks})
    world.create(spec)
    world.provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
    world.calls.seen.clear()
    world.provider.perform(CreateReplica(host="here", replica=spec), STAMP)
    total = len(world.calls.seen)
    assert total >= 20
    for cut in range(total):
        world.provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
        world.calls.seen.clear()
        world.calls.cut = cut
        with pytest.raises(world.calls.CutError):
            world.provider.perform(CreateReplica(host="here", replica=spec), STAMP)
        world.provider.perform(CreateReplica(host="here", replica=spec), STAMP)
        is_whole(world, spec)
    world.provider.perform(StartReplica(host="here", name=spec.name), STAMP)
    world.await_line(spec.name, "agent serves")


def test_removal_cut_anywhere_converges(world: Any) -> None:
    spec, remove = world.spec(), RemoveReplica(host="here", name=f"{world.spec().name}")
    world.run(spec)
    world.calls.seen.clear()
    world.provider.perform(remove, STAMP)
    for cut in range(len(world.calls.seen)):
        world.run(spec)
        world.calls.seen.clear()
        world.calls.cut = cut
        with pytest.raises(world.calls.CutError):
            world.provider.perform(remove, STAMP)
        world.provider.perform(remove, STAMP)
        state = world.provider.observe(ENVIRONMENT)
        assert (state.replicas, state.leftovers) == ((), ())


def test_a_paused_replica_is_stopped_and_removed(world: Any) -> None:
    spec = world.spec()
    for step in (
        StopReplica(host="here", name=spec.name, grace=1.0),
        RemoveReplica(host="here", name=spec.name),
    ):
        id_ = world.run(spec)
        world.client.pause(id_)
        (paused,) = world.provider.observe(ENVIRONMENT).replicas
        assert paused.state == "paused"
        world.provider.perform(step, STAMP)
        found = world.provider.replica(spec.name)
        assert found is None or found.state == "exited"
        world.provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)


def test_many_at_once(world: Any) -> None:
    specs = [world.spec(f"echo-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(world.run, specs))) == 8
        state = world.provider.observe(ENVIRONMENT)
        assert [one.instance for one in state.replicas] == [spec.instance for spec in specs]
        removals = [RemoveReplica(host="here", name=spec.name) for spec in specs]
        list(pool.map(lambda step: world.provider.perform(step, STAMP), removals))
    assert world.provider.observe(ENVIRONMENT).leftovers == ()


def test_observe_only_reads(world: Any) -> None:
    world.run(world.spec())
    world.run(world.spec("other"))
    world.calls.seen.clear()
    world.provider.observe(ENVIRONMENT)
    assert world.calls.seen
    assert {call.split()[1] for call in world.calls.seen} == {"GET"}
    assert not [call for call in world.calls.seen if "healthcheck" in call]


def test_an_image_that_is_there_is_not_pulled(world: Any) -> None:
    world.provider.perform(EnsureImage(host="here", image=IMAGE), STAMP)
    assert not [call for call in world.calls.seen if "POST" in call]


def test_an_image_is_pulled_by_tag_and_by_digest(world: Any, engine: Any, registry: Any) -> None:
    served = registry(engine)
    for image in (f"{served.name}:{world.key}", f"{served.name}@{served.digest}"):
        try:
            world.provider.perform(EnsureImage(host="here", image=image), STAMP)
            assert world.client.inspect_image(image)["Id"] == served.image
            world.calls.seen.clear()
            world.provider.perform(EnsureImage(host="here", image=image), STAMP)
            assert not [call for call in world.calls.seen if "POST" in call]
        finally:
            with suppress(docker.errors.ImageNotFound):
                world.client.remove_image(image, force=True)
    with pytest.raises(EngineError, match=f"{served.name}:other is not there"):
        world.provider.perform(EnsureImage(host="here", image=f"{served.name}:other"), STAMP)


def test_a_digest_is_asked_for_and_found(world: Any, engine: Any, registry: Any) -> None:
    served = registry(engine)
    name = f"{served.name}:{world.key}"
    assert world.provider.find_image(name) is None
    with pytest.raises(EngineError, match=f"{served.name}:other"):
        world.provider.ask_registry(f"{served.name}:other")
    pinned = f"{name}@{served.digest}"
    try:
        assert world.provider.ask_registry(name) == served.digest
        pulled = world.provider.find_image(name)
        assert (pulled is None) == (engine.kind == "docker")  # Podman has to pull to know
        world.provider.perform(EnsureImage(host="here", image=pinned), STAMP)
        world.provider.perform(CreateReplica(host="here", replica=world.spec(image=pinned)), STAMP)
        replica = world.provider.replica(world.spec().name)
        assert (replica.image, replica.image_id) == (pinned, served.image)
        found = Image(id=served.image, digest=served.digest)
        assert world.provider.find_image(pinned) == found
        world.provider.perform(EnsureImage(host="here", image=name), STAMP)
        assert world.provider.find_image(name) == found
        world.provider.perform(RemoveReplica(host="here", name=world.spec().name), STAMP)
    finally:
        for image in (name, f"{served.name}@{served.digest}"):
            with suppress(docker.errors.NotFound):
                world.client.remove_image(image, force=True)


def test_an_image_from_no_registry(world: Any) -> None:
    found = world.provider.find_image(IMAGE)
    assert found.id == world.client.inspect_image(IMAGE)["Id"]
    with pytest.raises(EngineError, match=IMAGE):
        world.provider.ask_registry("127.0.0.1:9/agentgit/" + IMAGE)


def test_the_name_of_a_replica_taken_by_someone_else(world: Any) -> None:
    spec = world.spec()
    with world.stranger(spec.name) as stranger:
        with pytest.raises(EngineError, match="not this project's"):
            world.create(spec)
        world.provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
        world.provider.perform(RemoveReplica(host="here", name=spec.name, id=stranger), STAMP)
        assert world.client.inspect_container(stranger)["State"]["Running"]


def test_networks_and_volumes_of_someone_else(world: Any) -> None:
    name = f"acme-{world.key}-taken"
    network = world.client.create_network(name)["Id"]
    world.client.create_volume(name)
    try:
        with pytest.raises(EngineError, match="not this project's"):
            world.provider.perform(EnsureNetwork(host="here", network=name), STAMP)
        with pytest.raises(EngineError, match="not this project's"):
            world.provider.perform(EnsureVolume(host="here", volume=name), STAMP)
        for what, key in (("network", network), ("config", name)):
            step = RemoveLeftover.model_validate(
                {"host": "here", "what": what, "id": key, "name": name}
            )
            world.provider.perform(step, STAMP)
        assert world.client.inspect_network(network)["Name"] == name
        assert world.client.inspect_volume(name)["Name"] == name
    finally:
        world.client.remove_network(network)
        world.client.remove_volume(name)


def test_a_copied_container_is_not_ours(world: Any) -> None:
    spec = world.spec()
    world.create(spec)
    labels = world.client.inspect_container(spec.name)["Config"]["Labels"]
    with world.stranger(f"acme-{world.key}-copy", labels=labels) as copy:
        assert [one.name for one in world.provider.observe(ENVIRONMENT).replicas] == [spec.name]
        world.provider.perform(RemoveReplica(host="here", name=spec.name, id=copy), STAMP)
        assert world.client.inspect_container(copy)["State"]["Running"]


def test_ports_of_others_and_a_port_taken(world: Any) -> None:
    host_config = world.client.create_host_config(port_bindings={80: ("127.0.0.1", None)})
    name = f"stranger-{world.key}"
    with world.stranger(name, ports=[80], host_config=host_config) as stranger:
        bound = world.client.inspect_container(stranger)["NetworkSettings"]["Ports"]["80/tcp"]
        port = int(bound[0]["HostPort"])
        assert world.provider.observe(ENVIRONMENT).foreign_ports[port] == name
        spec = world.spec(ports={"http": {"target": 8080, "published": port}})
        world.create(spec)
        with pytest.raises(EngineError, match=rf"port {port} .*taken") as raised:
            world.provider.perform(StartReplica(host="here", name=spec.name), STAMP)
        assert raised.value.is_definite
        (left,) = world.provider.observe(ENVIRONMENT).replicas
        assert (left.state, left.addresses) == ("created", {})


def test_our_own_ports_are_not_foreign(world: Any) -> None:
    world.run(world.spec())
    (replica,) = world.provider.observe(ENVIRONMENT).replicas
    port = int(replica.addresses["http"].rpartition(":")[2])
    assert port not in world.provider.observe(ENVIRONMENT).foreign_ports


def test_what_an_interrupted_creation_left_is_reported_and_removed(world: Any) -> None:
    spec = world.spec()
    engine = world.provider._engine
    names = {"carrier": f"{spec.name}-carrier", "config": f"{spec.name}-config"}
    create_carrier(engine, names["carrier"], label_part(spec, "carrier", names["carrier"]))
    world.client.create_volume(names["config"], labels=label_part(spec, "config", names["config"]))
    left = world.provider.observe(ENVIRONMENT).leftovers
    assert [(one.kind, one.name) for one in left] == sorted(names.items())
    for _ in range(2):
        for one in left:
            world.provider.perform(removal(one), STAMP)
    assert world.provider.observe(ENVIRONMENT).leftovers == ()


def removal(left: Leftover) -> RemoveLeftover:
    return RemoveLeftover(host="here", what=left.kind, id=left.id, name=left.name)


def test_lines_written_in_pieces_stay_lines(world: Any) -> None:
    program = (
        "import os, signal, time\n"
        "for piece in (b'one\\nt', b'w', b'o\\n', b'three', b'\\nfour'):\n"
        "    os.write(1, piece)\n"
        "    time.sleep(0.1)\n"  # the program's own pace: pieces must arrive apart
        "os.write(1, b'\\nagent serves\\n')\n"
        "signal.pause()\n"
    )
    spec = world.spec(command=["python3", "-c", program])
    world.run(spec)
    written = ["one", "two", "three", "four", "agent serves"]
    for count in (1, 2, 4, 9):
        assert list(world.provider.logs(spec.name, tail=count)) == written[-count:]
    follower = world.provider.logs(spec.name, tail=2, follow=True)
    assert [next(follower), next(follower)] == ["four", "agent serves"]
    world.provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
    assert list(follower) == []


def test_instances_find_each_other_by_name(world: Any) -> None:
    network = {"default": f"acme-{world.key}-default"}
    one = world.run(world.spec("one").model_copy(update={"networks": network}))
    world.run(world.spec("two").model_copy(update={"networks": network}))
    program = "import urllib.request as r; print(r.urlopen('http://two:8080/config').read())"
    code, said = world.inside(one, "python3", "-c", program)
    assert (code, '"who": "two"' in said) == (0, True), said


def test_configuration_is_read_only_and_readable_by_any_user(world: Any) -> None:
    id_ = world.run(
        world.spec(
            user="1000",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            tmpfs=["/scratch"],
            init=True,
            deploy={"resources": {"limits": {"pids": 64, "memory": "64m", "cpus": "0.5"}}},
        )
    )
    assert world.inside(id_, "stat", "-c", "%a %u", "/run/agentgit/agent.json") == (0, "444 0\n")
    code, _ = world.inside(id_, "sh", "-c", "echo x > /run/agentgit/more")
    assert code != 0
    code, said = world.inside(id_, "sh", "-c", "echo x > /scratch/more && id -u")
    assert (code, said) == (0, "1000\n")
    (replica,) = world.provider.observe(ENVIRONMENT).replicas
    assert replica.live.limits.model_dump() == {"cpus": 0.5, "memory": 64 * 1024**2, "pids": 64}


def test_a_value_whose_creator_died_is_empty(world: Any) -> None:
    world.provider.store.create("other", b"")
    world.calls.seen.clear()
    world.calls.cut = len(created_calls(world))
    with pytest.raises(world.calls.CutError):
        world.provider.store.create("lease-1", b"mine")
    assert world.provider.store.read("lease-1") == b""
    assert world.provider.store.names("lease") == ("lease-1",)
    assert not world.provider.store.create("lease-1", b"late")


def created_calls(world: Any) -> list[str]:
    """The calls of creating a value, up to the one that fills it."""
    world.provider.store.create("measured", b"")
    seen = list(world.calls.seen)
    world.calls.seen.clear()
    return seen[: next(n for n, call in enumerate(seen) if call.startswith("before PUT"))]


def test_store_names_may_have_any_character(world: Any) -> None:
    names = sorted(["a/b", "a_b", "a_2f_b", "ä:1", "A b"])
    for name in names:
        assert world.provider.store.create(name, name.encode())
    assert world.provider.store.names("") == tuple(names)
    assert [world.provider.store.read(name) for name in names] == [name.encode() for name in names]


def test_who_answers(world: Any, engine: Any) -> None:
    info = answers(engine.url)
    assert info is not None
    assert info.kind == engine.kind
    assert info.version == world.provider.observe(ENVIRONMENT).version
    assert world.provider.kind == engine.kind


def test_document_is_written_plainly(world: Any) -> None:
    spec = world.spec().model_copy(update={"document": {"b": "ü", "a": [1, None]}})
    id_ = world.run(spec)
    _, said = world.inside(id_, "cat", "/run/agentgit/agent.json")
    assert said == json.dumps({"a": [1, None], "b": "ü"}, indent=2, ensure_ascii=False) + "\n"


def test_a_replica_of_the_image_that_its_revision_had(world: Any) -> None:
    found = world.provider.find_image(IMAGE)
    spec = world.spec(image="agentgit-test-nothing:1").model_copy(update={"image_id": found.id})
    step = EnsureImage(host="here", image="agentgit-test-nothing:1", id=found.id)
    world.provider.perform(step, STAMP)
    assert not [call for call in world.calls.seen if "POST" in call]
    world.run(spec)
    replica = world.provider.replica(spec.name)
    assert (replica.image, replica.image_id) == ("agentgit-test-nothing:1", found.id)
    assert world.provider.find_image(found.id).id == found.id

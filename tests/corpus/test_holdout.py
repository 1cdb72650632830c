"""Services of public Compose files: no noise for those we take, clear words for what we refuse."""

from __future__ import annotations

import os

import docker
import pytest

from agentgit.compile.check import Checker
from agentgit.compile.parse import parse_file
from agentgit.compile.shape import spec_shape
from agentgit.errors import Problem
from tests.corpus.holdout import HOLDOUT, build_holdout
from tests.corpus.judging import expect_nothing
from tests.corpus.project import Project

EVERY = 1 if os.environ.get("CORPUS") else 4  # make test takes a part of them


@pytest.mark.slow
def test_a_plan_after_an_apply_of_public_services_is_empty(project: Project) -> None:
    blocks = dict(list(build_holdout().items())[::EVERY])
    project.set_instances(blocks)
    project.apply()
    expect_nothing(project.plan(), "right after the apply", blocks)
    client = docker.APIClient(base_url=project.url, timeout=60)
    for name, key in project.containers(client).items():
        found = client.inspect_container(key)
        assert found["State"]["Running"], name
        asked = {one.partition(":")[0] for one in blocks[name].get("tmpfs", ())}
        assert asked <= set(found["HostConfig"].get("Tmpfs") or ()), name
    client.close()


def test_the_held_out_services_are_many_and_of_many_projects() -> None:
    assert len(HOLDOUT) >= 25
    assert len({repository for repository, _ in HOLDOUT.values()}) >= 10


REFUSED = [  # what public services say and we do not take | the message | the hint
    ("build: .", "unknown key build in container", "build the image before"),
    ("depends_on: [db]", "unknown key depends_on in container", "start side by side"),
    ("container_name: db", "unknown key container_name in container", "agentgit names replicas"),
    ("pull_policy: never", "unknown key pull_policy in container", "agentgit lock holds it"),
    ("profiles: [debug]", "unknown key profiles in container", "where a file of an environment"),
    ("logging: {driver: local}", "unknown key logging in container", "where logs go"),
    ("platform: linux/amd64", "unknown key platform in container", "by its digest"),
    ("dns: [1.1.1.1]", "unknown key dns in container", "not in our subset of Compose"),
    ("secrets: [db]", "unknown key secrets in container", "a named volume"),
    ("env_file: .env", "unknown key env_file in container", "with environment"),
    ("expose: [80]", "unknown key expose in container", "needs no publishing"),
    ("hostname: web", "unknown key hostname in container", "the instance's name"),
    ("ulimits: {nofile: 9}", "unknown key ulimits in container", "default limits"),
    ("extends: {service: web}", "unknown key extends in container", "into the agent"),
    ("network_mode: host", "unknown key network_mode in container", "networks: [NAME]"),
    ("sysctls: {a: 1}", "unknown key sysctls in container", "not in our subset"),
    ("tty: true", "unknown key tty in container", "not in our subset"),
    ("privileged: true", "unknown key privileged in container", "cap_add"),
    ("shm_size: 128mb", "unknown key shm_size in container", "not in our subset"),
    ("pid: host", "unknown key pid in container", "shares nothing"),
    ("volumes: ['./web:/code']", "folders of the host cannot be mounted", "write a name"),
    ("volumes: ['/etc/localtime:/etc/localtime:ro']", "folders of the host cannot", "a name"),
    ("volumes: ['data:/data:z']", "is not a volume", 'write "data:/data" or "data:/data:ro"'),
    ("volumes: ['git_data:/data']", "lower-case letters, digits and hyphens", None),
    ("environment: [TOKEN]", "variables of this machine are never passed on", "TOKEN=value"),
    ("ports: ['$PORT:80']", "is not a port", '"8080:80"'),
    ("ports: ['8000-8010:8000-8010']", "is not a port", "ranges are not supported"),
    ("healthcheck: {disable: true}", "unknown key disable in healthcheck", "the one of the image"),
    ("healthcheck: {interval: $EVERY}", "must be a duration such as 10s", None),
    ("networks: {net: {ipv4_address: 1.2.3.4}}", "unknown key ipv4_address in net", "aliases"),
    ("deploy: {replicas: 2}", "unknown key replicas in deploy", "scale: {replicas: ...}"),
    ("deploy: {resources: {reservations: {}}}", "unknown key reservations", "only limits"),
]


@pytest.mark.parametrize(("line", "message", "hint"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_we_do_not_take_of_compose_is_said(line: str, message: str, hint: str | None) -> None:
    (found,) = _check(f"container: {{image: a, {line}}}")
    assert message in found.message
    assert hint is None or hint in str(found.hint)
    assert found.location is not None


def _check(text: str) -> list[Problem]:
    parsed = parse_file("x.yaml", text.encode())
    found = list(parsed.problems)
    Checker(found.append, layer=True).check(parsed.documents[0], spec_shape("Agent"), "spec")
    return found

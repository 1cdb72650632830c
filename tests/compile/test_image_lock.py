"""agentgit.lock: a name of an image gets its digest, and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentgit.compile.build import compile_environment, find_unchanged, validate_project
from agentgit.compile.explain import explain_instance
from agentgit.compile.image_lock import read_image_lock, render_image_lock, without_lock
from agentgit.compile.trace import Tracer
from agentgit.errors import ConfigError, Problem
from agentgit.model.snapshot import Snapshot
from tests.builders import DictCache

IMAGE = "ghcr.io/acme/support:1.4.0"
DIGEST = f"sha256:{'0123abcd' * 8}"
LOCK = render_image_lock({IMAGE: DIGEST, "acme/other:2": f"sha256:{'f' * 64}"})
ENVIRONMENT = "environments/production/environment.yaml"
OWN = "environments/production/instances/support-eu.yaml"
Make = Callable[..., Snapshot]


def image_of(snapshot: Snapshot) -> str:
    (instance,) = compile_environment(snapshot, "production").instances
    container = instance.spec.container
    assert container is not None
    return container.image


def own(container: str) -> dict[str, str]:
    return {OWN: "kind: Instance\nmetadata: {name: support-eu}\nspec:\n  agent: support\n"
                 f"  container: {container}\n"}  # fmt: skip


def test_a_name_gets_its_digest(make_snapshot: Make) -> None:
    assert image_of(make_snapshot({"agentgit.lock": LOCK})) == f"{IMAGE}@{DIGEST}"


def test_without_a_word_of_it_nothing_changes(make_snapshot: Make) -> None:
    plain = compile_environment(make_snapshot(), "production")
    other = make_snapshot({"agentgit.lock": render_image_lock({"acme/other:2": DIGEST})})
    assert compile_environment(other, "production") == plain
    locked = compile_environment(make_snapshot({"agentgit.lock": LOCK}), "production")
    assert locked.instances[0].revision != plain.instances[0].revision
    assert locked.instances[0].process_revision == plain.instances[0].process_revision


def test_what_an_instance_says_is_looked_up_too(make_snapshot: Make) -> None:
    lock = render_image_lock({"acme/other:2": DIGEST})
    files = {"agentgit.lock": lock, **own("{image: acme/other:2}")}
    assert image_of(make_snapshot(files)) == f"acme/other:2@{DIGEST}"
    files = {"agentgit.lock": LOCK, **own("{image: acme/new:1}")}
    assert image_of(make_snapshot(files)) == "acme/new:1"


def test_a_digest_that_is_written_stays(make_snapshot: Make) -> None:
    image = f"{IMAGE}@sha256:{'e' * 64}"
    files = {"agentgit.lock": LOCK, **own(f'{{image: "{image}"}}')}
    assert image_of(make_snapshot(files)) == image


def test_a_reference_is_filled_in_first(make_snapshot: Make) -> None:
    text = "kind: Environment\nmetadata: {name: production}\nspec:\n  vars: {tag: 1.4.0}\n"
    files = {
        "agentgit.lock": LOCK,
        ENVIRONMENT: f"{text}  hosts: {{local: {{engine: auto}}}}\n",
        **own('{image: "ghcr.io/acme/support:${vars.tag}"}'),
    }
    assert image_of(make_snapshot(files)) == f"{IMAGE}@{DIGEST}"


@pytest.mark.parametrize("restated", ["{image: ghcr.io/acme/support:1.4.0}", "{init: true}"])
def test_a_final_image_can_be_locked(make_snapshot: Make, restated: str) -> None:
    agent = make_snapshot().read("global/agents/support.yaml").decode()
    final = agent.replace("image: ghcr", "image: !final ghcr")
    files = {"agentgit.lock": LOCK, "global/agents/support.yaml": final, **own(restated)}
    assert image_of(make_snapshot(files)) == f"{IMAGE}@{DIGEST}"


def test_its_place_is_the_lock_file(make_snapshot: Make) -> None:
    snapshot = make_snapshot({"agentgit.lock": LOCK})
    explained = explain_instance(snapshot, "production", "support-eu")
    pinned, named = explained.chains["container", "image"]
    line = LOCK.splitlines().index(f"  {IMAGE}: {DIGEST}") + 1
    assert str(pinned.origin).startswith(f"agentgit.lock:{line}:")
    assert pinned.value == f"{IMAGE}@{DIGEST}"
    assert (named.value, named.origin.path) == (IMAGE, "global/agents/support.yaml")
    tracer = Tracer(snapshot, compile_environment(snapshot, "production"))
    place = tracer.place("support-eu", ("container", "image"))
    assert place == pinned.origin


def test_it_is_read_back(make_snapshot: Make) -> None:
    digests = {
        "b:1": DIGEST,
        "a": DIGEST,
        "127.0.0.1:5000/x/y:1.2": DIGEST,
        "[::1]:5000/x": DIGEST,
    }
    text = render_image_lock(digests)
    snapshot = make_snapshot({"agentgit.lock": text})
    problems: list[Problem] = []
    found = read_image_lock(snapshot, problems.append).digests
    assert list(found.items()) == sorted(digests.items())
    assert read_image_lock(without_lock(snapshot), problems.append).digests == {}
    empty = make_snapshot({"agentgit.lock": render_image_lock({})})
    assert read_image_lock(empty, problems.append).digests == {}
    assert problems == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "agentgit.lock must be one map"),
        ("[1]\n", "agentgit.lock must be one map"),
        ("images: {}\n", "version must be 1, found none"),
        ("version: 2\nimages: {}\n", "version must be 1, found 2"),
        ("version: 1\n", "images must be a map"),
        ("version: 1\nimages: []\n", "images must be a map"),
        ("version: 1\nimages: {a: sha256:12}\n", "the digest of a must be sha256: and 64"),
        ("version: 1\nimages: {a: 5}\n", "the digest of a must be sha256: and 64"),
        (f"version: 1\nimages: {{'a@b': '{DIGEST}'}}\n", "a@b is not the name of an image"),
        ("version: 1\nimages: {}\nx: 1\n", "unknown key x"),
        (f"version: 1\nimages:\n  a: {DIGEST}\n  a: {DIGEST}\n", "the key"),
        ("version: 1\nimages: {a: &b [*b]}\n", ""),
    ],
)
def test_a_bad_file_is_an_error_in_its_place(make_snapshot: Make, text: str, message: str) -> None:
    snapshot = make_snapshot({"agentgit.lock": text})
    calls: tuple[Callable[[], Any], ...] = (
        lambda: compile_environment(snapshot, "production"),
        lambda: validate_project(snapshot),
    )
    for call in calls:
        with pytest.raises(ConfigError) as caught:
            call()
        problems = caught.value.problems
        assert problems[0].message.startswith(message)
        assert {one.location.path for one in problems if one.location} == {"agentgit.lock"}


def test_a_link_is_not_followed(make_snapshot: Make) -> None:
    snapshot = make_snapshot({"agentgit.lock": "/etc/passwd"}, {"agentgit.lock": "120000"})
    with pytest.raises(ConfigError, match="links are not followed"):
        compile_environment(snapshot, "production")


def test_what_is_known_ends_with_a_changed_lock(make_snapshot: Make) -> None:
    cache = DictCache()
    before, after = make_snapshot(), make_snapshot({"agentgit.lock": LOCK})
    bad = make_snapshot({"agentgit.lock": "version: 3\n"})
    validate_project(before, cache)
    assert find_unchanged(before, before, "production", cache)
    assert not find_unchanged(before, after, "production", cache)
    for _ in range(2):
        with pytest.raises(ConfigError, match="version must be 1"):
            validate_project(bad, cache)

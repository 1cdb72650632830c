"""Container blocks over every field of our subset: all pairs of values first, then at random."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

WAIT = "trap 'exit 0' TERM INT QUIT; sleep 900 & wait"
PLAIN, OTHER = "agentgit-test-python:1", "localhost/agentgit-corpus:1"
CHECK = {"retries": 3, "timeout": "5s"}
FIELDS: Mapping[str, tuple[Any, ...]] = {
    "image": (PLAIN, OTHER),
    "entrypoint": (None, ["/bin/sh", "-c"]),
    "working_dir": (None, "/tmp", "/"),  # noqa: S108 - inside a container
    "user": (None, 1000, "app", "1000:1000"),
    "environment": ({}, {"LEVEL": "info"}, {"EMPTY": "", "LINE": "a=b c", "WORD": "über", "N": 1}),
    "ports": (
        {},
        {"http": {"target": 8080}},
        {"http": {"target": 8080, "published": "PORT"}},
        {"dns": {"target": 5300, "protocol": "udp"},
         "all": {"target": 8081, "host_ip": "0.0.0.0"}},  # noqa: S104 - of an engine for tests
    ),
    "volumes": (
        {},
        {"/data": {"name": "data"}},
        {"/data": {"name": "data", "access": "exclusive"},
         "/know": {"name": "know", "access": "shared", "readOnly": True}},
    ),
    "networks": ({}, {"front": {"aliases": ["desk", "help"]}}, {"front": {}, "back": {}}),
    "labels": ({}, {"team": "cx", "note": "two words"}),
    "healthcheck": (
        None,
        {"test": "true", "interval": "2s", **CHECK},
        {"test": ["CMD", "true"], "interval": "2s500ms", "start_period": "1s", **CHECK},
    ),
    "restart": ("no", "always", "unless-stopped", "on-failure"),
    "stop_signal": ("SIGTERM", "SIGINT", "SIGQUIT"),
    "stop_grace_period": ("1s", "1500ms", "2s"),
    "read_only": (False, True),
    "tmpfs": ([], ["/scratch"], ["/scratch", "/run/more:size=1m,mode=1770"]),
    "cap_drop": ([], ["ALL"], ["NET_RAW", "MKNOD"]),
    "cap_add": ([], ["NET_BIND_SERVICE"], ["SYS_NICE", "KILL"]),
    "security_opt": ([], ["no-new-privileges:true"]),
    "init": (False, True),
    "deploy": (
        {},
        {"resources": {"limits": {"cpus": "0.5"}}},
        {"resources": {"limits": {"memory": "64m"}}},
        {"resources": {"limits": {"pids": 2048}}},
        {"resources": {"limits": {"cpus": 1.25, "memory": "96m", "pids": 60}}},
    ),
}  # fmt: skip
_CANDIDATES = 40
_Choice = tuple[int, ...]


def make_configurations(number: int, seed: int = 1) -> list[dict[str, Any]]:
    """Make so many different container blocks; the first ones cover all pairs of values."""
    chosen: list[_Choice] = []
    rng = random.Random(seed)  # noqa: S311 - the same every time is what is wanted
    left = set(_pairs(tuple(len(values) for values in FIELDS.values())))
    while len(chosen) < number:
        candidates = [_draw(rng) for _ in range(_CANDIDATES if left else 1)]
        best = max(candidates, key=lambda one: len(left & set(_pairs_of(one))))
        if best not in chosen:
            chosen.append(best)
            left -= set(_pairs_of(best))
    return [_build(choice, at) for at, choice in enumerate(chosen)]


def count_pairs(number: int, seed: int = 1) -> tuple[int, int]:
    """Count the pairs of values that so many configurations cover, and all there are."""
    seen = set()
    for block in make_configurations(number, seed):
        text = json.dumps(block)
        seen |= set(combinations(_name_values(json.loads(text)), 2))
    return len(seen), sum(1 for _ in _pairs(tuple(len(one) for one in FIELDS.values())))


def _name_values(block: dict[str, Any]) -> list[tuple[str, str]]:
    for port in block["ports"].values() if "ports" in block else ():
        if "published" in port:
            port["published"] = "PORT"
    return [(name, json.dumps(block.get(name))) for name in FIELDS]


def _draw(rng: random.Random) -> _Choice:
    return tuple(rng.randrange(len(values)) for values in FIELDS.values())


def _pairs(sizes: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    for first, second in combinations(range(len(sizes)), 2):
        for one in range(sizes[first]):
            for other in range(sizes[second]):
                yield first, one, second, other


def _pairs_of(choice: _Choice) -> Iterator[tuple[int, int, int, int]]:
    for first, second in combinations(range(len(choice)), 2):
        yield first, choice[first], second, choice[second]


def _build(choice: _Choice, at: int) -> dict[str, Any]:
    block = {
        name: values[index]
        for (name, values), index in zip(FIELDS.items(), choice, strict=True)
        if values[index] is not None
    }
    block["command"] = [WAIT] if "entrypoint" in block else ["/bin/sh", "-c", WAIT]
    text = json.dumps(block).replace('"PORT"', str(21_000 + at))
    built: dict[str, Any] = json.loads(text)
    return built

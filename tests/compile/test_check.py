"""Each file alone: what is wrong, where exactly, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.compile.build import compile_environment, validate_project
from agentgit.errors import ConfigError, Problem
from agentgit.model.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]

PATH = "environments/production/instances/support-eu.yaml"
HEAD = "kind: Instance\nmetadata: {name: support-eu}\nspec:\n  agent: support\n"


def problems(make_snapshot: MakeSnapshot, changes: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        validate_project(make_snapshot(changes))
    return caught.value.problems


def instance(line: str) -> dict[str, str]:
    return {PATH: f"{HEAD}  {line}\n"}


CASES = [  # line 5 of an instance | column | message | hint
    ("scale: {replicas: three}", 21, 'replicas must be a whole number, found "three"',
     "write it in digits, such as 2"),
    ("scale: {replicas: 5000}", 21, "replicas must be at most 1000, found 5000", None),
    ("scale: {replicas: -1}", 21, "replicas must be at least 0, found -1", None),
    ('scale: {replicas: "3"}', 21, 'replicas must be a whole number, found "3"',
     "write 3 without quotes"),
    ("scale: {replicas: 2.5}", 21, "replicas must be a whole number, found 2.5", None),
    ("scale: {replicas: true}", 21, "replicas must be a whole number, found true", None),
    ("scale: {replicas: [3]}", 21, "replicas must be a whole number, found a list", None),
    ("scale: 3", 10, "scale must be a map, found 3", None),
    ("scale: [3]", 10, "scale must be a map, found a list", None),
    ("scal: {replicas: 3}", 3, "unknown key scal in spec", "did you mean scale?"),
    ("replicas: 3", 3, "unknown key replicas in spec", "did you mean scale.replicas?"),
    ("scale: {replica: 3}", 11, "unknown key replica in scale", "did you mean replicas?"),
    ("extends: base", 3, "unknown key extends in spec",
     ("known are agent, card, config, configSchema, container, instructions, knowledge, model, "
     "placement, process, rollout, scale, tools")),
    ("config: {a: [!append 3]}", 16, "!append has no meaning inside a list",
     "write it before the list, or leave it out"),
    ("config: {a: [{b: !final 3}]}", 20, "!final has no meaning inside a list",
     "write it before the list, or leave it out"),
    ("config: {a: !append {b: 1}}", 15, "!append goes before a list, found a map",
     "write !append [...]"),
    ("config: !append [1]", 11, "config merges by name and needs no !append",
     "leave the tag out; new entries come after the inherited ones"),
    ("container: {environment: !append [A=b]}", 28,
     "environment merges by name and needs no !append",
     "leave the tag out; new entries come after the inherited ones"),
    ("container: {command: !prepend run it}", 24,
     '!prepend goes before a list, found "run it"', "write !prepend [...]"),
    ("container: {image: !append [a]}", 22, "!append goes before a list, found a list",
     "leave the tag out"),
    ("scale: !final null", 10, "!final and null do not go together",
     "scale: null removes what lower layers say"),
    ("scale: {replicas: !remove [2]}", 21, "!remove takes entries out, and replicas is one value",
     "write replicas: null to remove it"),
    ("container: {environment: !remove A}", 28, '!remove goes before a list, found "A"',
     "write !remove [...] with what goes"),
    ("container: {environment: !remove [{a: b}]}", 37,
     "!remove takes names out of environment, found a map",
     "write the names of what goes, as text"),
    ("container: {environment: !remove [1A]}", 37,
     "a key of environment must be the name of a variable such as LOG_LEVEL, found 1A", None),
    ("container: !remove [healthchek]", 23, "unknown key healthchek in container",
     "did you mean healthcheck?"),
    ("container: {environment: [!final A=b]}", 29, "!final has no meaning inside a list",
     "write it before the list, or use the map form"),
    ('container: {read_only: "yes"}', 26, 'read_only must be true or false, found "yes"',
     "write true without quotes"),
    ("container: {readOnly: true}", 15, "unknown key readOnly in container",
     "did you mean read_only?"),
    ("rollout: {min_healthy_time: 3s}", 13, "unknown key min_healthy_time in rollout",
     "did you mean minHealthyTime?"),
    ("container: {restart: allways}", 24,
     'restart must be one of no, always, unless-stopped, on-failure, found "allways"',
     "did you mean always?"),
    ("container: {stop_grace_period: 10}", 34,
     "stop_grace_period must be a duration such as 10s, 2m or 1h30m, found 10",
     "write 10s for seconds"),
    ("container: {stop_grace_period: 1.5}", 34,
     "stop_grace_period must be a duration such as 10s, 2m or 1h30m, found 1.5", None),
    ("container: {stop_grace_period: soon}", 34,
     'stop_grace_period must be a duration such as 10s, 2m or 1h30m, found "soon"', None),
    ("container: {deploy: {resources: {limits: {memory: lots}}}}", 53,
     'memory must be a size such as 512m or 1g, found "lots"', None),
    ("container: {deploy: {resources: {limits: {memory: 1k}}}}", 53,
     'memory must be at least 6m, found "1k"', None),
    ("container: {deploy: {resources: {limits: {cpus: -1}}}}", 51,
     "cpus must be more than 0, found -1", None),
    ("container: {deploy: {resources: {limits: {cpus: many}}}}", 51,
     'cpus must be a number, found "many"', "write it in digits, such as 2"),
    ("container: {environment: {A: true}}", 32, "A must be text, found true",
     'write it in quotes: "true"'),
    ("container: {environment: {1A: x}}", 29,
     "a key of environment must be the name of a variable such as LOG_LEVEL, found 1A", None),
    ("container: {environment: 3}", 28, "environment must be a map or a list, found 3", None),
    ("container: {ports: {HTTP: {target: 80}}}", 23,
     ("a key of ports must be a name of lower-case letters, digits and hyphens, at most 40 long, "
     "found HTTP"), None),
    ("container: {volumes: {data: {name: data}}}", 25,
     "a key of volumes must be an absolute path such as /data, found data", None),
    ("container: {command: {a: b}}", 24, "command must be a list or text, found a map", None),
    ("container: {command: [1]}", 25, "an item of command must be text, found 1",
     'write it in quotes: "1"'),
    ("container: {cap_drop: [null]}", 26, "an item of cap_drop cannot be null",
     "null removes an inherited value, and here nothing is inherited: leave it out"),
    ("container: {cap_drop: ALL}", 25, 'cap_drop must be a list, found "ALL"', None),
    ('container: {image: ""}', 22, "image must not be empty", None),
    ('container: {image: "a b"}', 22, 'image must be text without spaces, found "a b"', None),
    ("rollout: [x]", 12, "rollout must be a name or a map, found a list", None),
    ("rollout: {maxSurge: x}", 23,
     'maxSurge must be a whole number or a percentage such as 25%, found "x"', None),
    ("rollout: {maxSurge: -1}", 23, "maxSurge must be at least 0, found -1", None),
    ("rollout: {steps: [{setWeight: 0}]}", 33, "setWeight must be at least 1, found 0", None),
    ("instructions: {file: a, text: b}", 27, "file and text exclude each other",
     "keep one of them"),
    ("tools: {crm: {agent: a, mcpServer: b}}", 17, "mcpServer and agent exclude each other",
     "keep one of them"),
    ("card: {version: 1.10}", 19, "version must be text, found 1.10",
     'write it in quotes: "1.10"'),
    ("model: {params: [1]}", 19, "params must be a map, found a list", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "column", "message", "hint"), CASES)
def test_a_wrong_line(
    make_snapshot: MakeSnapshot, line: str, column: int, message: str, hint: str | None
) -> None:
    (problem,) = problems(make_snapshot, instance(line))
    assert (problem.message, problem.hint) == (message, hint)
    assert str(problem.location) == f"{PATH}:5:{column}"
    assert problem.location is not None
    assert problem.location.excerpt == f"  {line}"


def test_the_excerpt_is_underlined_over_the_value(make_snapshot: MakeSnapshot) -> None:
    (problem,) = problems(make_snapshot, instance("scale: {replicas: three}"))
    assert problem.location is not None
    assert problem.location.width == len("three")


def test_alternatives_show_both_places(make_snapshot: MakeSnapshot) -> None:
    (problem,) = problems(make_snapshot, instance("instructions: {file: a, text: b}"))
    assert [(role, str(place)) for role, place in problem.also] == [
        ("file is here", f"{PATH}:5:18")
    ]


def test_everything_wrong_in_a_file_is_reported(make_snapshot: MakeSnapshot) -> None:
    line = "scale: {replicas: three, foo: 1}\n  container: {restart: never, image: no}"
    found = [str(problem.location) for problem in problems(make_snapshot, instance(line))]
    assert found == [f"{PATH}:5:21", f"{PATH}:5:28", f"{PATH}:6:24", f"{PATH}:6:38"]


@pytest.mark.parametrize(
    ("text", "where", "message", "hint"),
    [
        ("", ":1:1", "the file is empty", "begin with kind: Instance"),
        ("- a\n", ":1:1", "a document must be a map, found a list", "begin with kind: Instance"),
        ("hello\n", ":1:1", 'a document must be a map, found "hello"',
         "begin with kind: Instance"),
        ("kind: Agnet\nmetadata: {name: support-eu}\nspec: {agent: support}\n", ":1:7",
         'kind must be Instance here, found "Agnet"', "write kind: Instance"),
        ("metadata: {name: support-eu}\nspec: {agent: support}\n", ":1:1", "kind is missing",
         "write kind: Instance"),
        ("apiVersion: v1\nkind: Instance\nmetadata: {name: support-eu}\nspec: {agent: support}\n",
         ":1:13", 'apiVersion must be agentgit.dev/v1alpha1 here, found "v1"',
         "write apiVersion: agentgit.dev/v1alpha1"),
        ("kind: Instance\nspec: {agent: support}\n", ":1:1", "metadata is missing",
         "write metadata: {name: support-eu}"),
        ("kind: Instance\nmetadata: {}\nspec: {agent: support}\n", ":2:11",
         "metadata.name is missing", "write metadata: {name: support-eu}"),
        ("kind: Instance\nmetadata: {name: support-us}\nspec: {agent: support}\n", ":2:18",
         'name must be support-eu, like the path of this file; found "support-us"',
         "write support-eu, or rename the file"),
        ("kind: Instance\nmetadata: {name: support-eu, labels: {a: null}}\nspec: {agent: x}\n",
         ":2:42", "a cannot be null",
         "null removes an inherited value, and here nothing is inherited: leave it out"),
        ("kind: Instance\nmetadata: {name: support-eu}\n", ":1:1", "spec is missing",
         "write spec: {} for an empty one"),
        ("kind: Instance\nmetadata: {name: support-eu}\nspec: null\n", ":3:7",
         "spec must be a map, found null", None),
        ("kind: Instance\nmetadata: {name: support-eu}\nspec: {}\n", ":3:7",
         "agent is missing", "write agent: NAME, one of global/agents/"),
        ("kind: Instance\nmetadata: {name: support-eu}\nspec: {agent: suport}\n", ":3:15",
         "there is no agent suport", "did you mean support?"),
        ("kind: Instance\nmetadata: {name: support-eu}\nspec: {agent: support}\nfoo: 1\n", ":4:1",
         "unknown key foo", "known are apiVersion, kind, metadata, spec"),
        ("kind: Instance\nmetadata: {name: support-eu}\nspec: {agent: support}\n---\n{a: 1}\n",
         ":5:1", "a file of kind Instance holds one document",
         "move the others to their own files"),
    ],
)  # fmt: skip
def test_a_wrong_envelope(
    make_snapshot: MakeSnapshot, text: str, where: str, message: str, hint: str | None
) -> None:
    problem = problems(make_snapshot, {PATH: text})[0]
    assert (problem.message, problem.hint) == (message, hint)
    assert str(problem.location) == PATH + where


@pytest.mark.parametrize(
    ("path", "text", "where", "message"),
    [
        ("environments/production/environment.yaml",
         "kind: Environment\nmetadata: {name: production}\nspec: {hosts: {}}\n", ":3:15",
         "hosts must not be empty"),
        ("environments/production/environment.yaml",
         "kind: Environment\nmetadata: {name: production}\nspec: {}\n", ":3:7",
         "hosts is missing, and there are instances to run"),
        ("environments/production/environment.yaml",
         "kind: Environment\nmetadata: {name: production}\nspec: {hosts: {a: {engine: dockr}}}\n",
         ":3:28", 'engine must be one of auto, docker, podman, process, found "dockr"'),
        ("environments/production/environment.yaml",
         "kind: Environment\nmetadata: {name: prod}\nspec: {hosts: {a: {}}}\n", ":2:18",
         'name must be production, like the path of this file; found "prod"'),
        ("agentgit.yaml", "kind: Project\nmetadata: {name: acme}\nspec: {id: ABC}\n", ":1:1",
         "apiVersion is missing"),
        ("agentgit.yaml",
         "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {id: A}\n",
         ":4:12", 'id must be a UUID in lower case, as agentgit init writes it, found "A"'),
        ("agentgit.yaml",
         "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {}\n",
         ":4:7", "id is missing"),
        ("global/rollouts.yaml",
         "kind: Rollout\nmetadata: {name: careful}\nspec: {strategy: canary}\n", ":3:7",
         "steps belong to strategy canary, and a canary needs them"),
        ("global/rollouts.yaml",
         ("kind: Rollout\nmetadata: {name: careful}\nspec: {}\n---\n"
         "kind: Rollout\nmetadata: {name: careful}\nspec: {}\n"), ":6:1",
         "Rollout careful is defined twice"),
        ("global/rollouts.yaml",
         "kind: Rollout\nmetadata: {name: careful}\nspec: {strategy: null}\n", ":3:18",
         "strategy cannot be null"),
    ],
)  # fmt: skip
def test_a_wrong_document_of_another_kind(
    make_snapshot: MakeSnapshot, path: str, text: str, where: str, message: str
) -> None:
    problem = problems(make_snapshot, {path: text})[0]
    assert problem.message == message
    assert str(problem.location) == path + where


def test_numbers_for_text_are_kept_as_written(make_snapshot: MakeSnapshot) -> None:
    line = "container: {environment: {A: 1.10, B: 0, C: 1e3}, user: 1000}"
    (one,) = compile_environment(make_snapshot(instance(line)), "production").instances
    assert one.spec.container is not None
    assert {"A": "1.10", "B": "0", "C": "1e3"}.items() <= one.spec.container.environment.items()
    assert one.spec.container.user == "1000"

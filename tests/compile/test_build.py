"""Compiling and validating whole repositories."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.compile.build import compile_environment, compile_project, validate_project
from agentgit.compile.layout import layers_of, list_environments, list_instances
from agentgit.compile.parse import parse_file
from agentgit.errors import ConfigError, Problem, UsageError
from agentgit.model.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]
GLOBAL = "global/agents/support.yaml"
PRODUCTION = "environments/production"
PATH = f"{PRODUCTION}/instances/support-eu.yaml"
HEAD = "kind: Instance\nmetadata: {name: support-eu}\nspec:\n  agent: support\n"
OTHER = "kind: Instance\nmetadata: {name: other}\nspec: {agent: support}\n"


def lines(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.location}: {problem.message}" for problem in problems]


def broken(snapshot: Snapshot) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        validate_project(snapshot)
    return caught.value.problems


def test_all_layers_take_part(make_snapshot: MakeSnapshot) -> None:
    desired = compile_environment(make_snapshot(), "production")
    (instance,) = desired.instances
    spec = instance.spec
    assert (instance.name, instance.agent, instance.path) == ("support-eu", "support", PATH)
    assert instance.labels == {"team": "cx", "risk": "low", "region": "eu"}
    assert spec.model is not None
    assert spec.model.params == {"temperature": 0.1, "top_p": 1}
    assert spec.scale.replicas == 3
    assert spec.container is not None
    assert spec.container.environment == {"LOG_LEVEL": "warning", "REGION": "eu"}
    assert spec.container.limits.memory == 512 * 1024**2
    assert spec.instructions is not None
    assert spec.instructions.file == "global/prompts/support.md"
    assert spec.instructions.text == "Be kind.\nBe brief.\n"
    assert spec.process is not None
    assert spec.process.source == "agents/support"
    assert spec.rollout == "careful"
    assert instance.rollout.strategy == "canary"
    assert [step.set_weight for step in instance.rollout.steps] == [10, None]
    assert desired.branch == "main"
    assert desired.project.name == "acme"
    assert desired.project.remote == "origin"
    assert list(desired.hosts) == ["local"]


def test_environment_defaults_come_above_the_global_agent(make_snapshot: MakeSnapshot) -> None:
    defaults = (
        "kind: AgentDefaults\nmetadata: {name: defaults}\n"
        "spec: {model: {params: {temperature: 0.5, top_p: 2}}, scale: {replicas: 9}}\n"
    )
    agent = "kind: Agent\nmetadata: {name: support}\nspec: {model: {params: {top_p: 3}}}\n"
    snapshot = make_snapshot({
        f"{PRODUCTION}/defaults.yaml": defaults,
        f"{PRODUCTION}/agents/support.yaml": agent,
        PATH: HEAD,
    })  # fmt: skip
    (one,) = compile_environment(snapshot, "production").instances
    assert one.spec.model is not None
    assert one.spec.model.params == {"temperature": 0.5, "top_p": 3}
    assert one.spec.scale.replicas == 9


def test_the_layers_of_an_instance(make_snapshot: MakeSnapshot) -> None:
    assert [(file.layer, file.path, file.exists) for file in
            layers_of(make_snapshot(), "production", "support-eu")] == [
        ("global", "global/defaults.yaml", True),
        ("global", GLOBAL, True),
        ("environment", f"{PRODUCTION}/defaults.yaml", False),
        ("environment", f"{PRODUCTION}/agents/support.yaml", True),
        ("instance", PATH, True),
    ]  # fmt: skip


def test_compiling_is_deterministic_and_in_order(make_snapshot: MakeSnapshot) -> None:
    files = {f"{PRODUCTION}/instances/other.yaml": OTHER}
    one = compile_environment(make_snapshot(files), "production")
    assert [instance.name for instance in one.instances] == ["other", "support-eu"]
    assert one == compile_environment(make_snapshot(files), "production")
    assert one.model_dump_json() == compile_environment(
        make_snapshot(files), "production"
    ).model_dump_json()  # fmt: skip


def test_only_compiles_what_is_asked_for(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({f"{PRODUCTION}/instances/other.yaml": "broken: ["})
    desired = compile_environment(snapshot, "production", only=("support-eu",))
    assert [instance.name for instance in desired.instances] == ["support-eu"]
    assert list_instances(snapshot, "production") == ("other", "support-eu")
    assert list_environments(snapshot) == ("production",)


def test_another_environment_may_be_broken(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({"environments/staging/environment.yaml": "broken: ["})
    assert compile_environment(snapshot, "production").instances
    assert len(broken(snapshot)) == 1


def test_an_environment_without_instances_is_fine(make_snapshot: MakeSnapshot) -> None:
    assert compile_environment(make_snapshot({PATH: None}), "production").instances == ()


def test_an_inline_rollout_and_none(make_snapshot: MakeSnapshot) -> None:
    inline = HEAD + "  rollout: {strategy: recreate, maxSurge: 25%}\n"
    (one,) = compile_environment(make_snapshot({PATH: inline}), "production").instances
    assert (one.rollout.strategy, one.rollout.max_surge) == ("recreate", "25%")
    without = HEAD + "  rollout: null\n"
    (two,) = compile_environment(make_snapshot({PATH: without}), "production").instances
    assert two.rollout.strategy == "rolling"


@pytest.mark.parametrize(
    ("environment", "only", "message", "hint"),
    [
        ("prodution", None, "there is no environment prodution", "did you mean production?"),
        ("xyz", None, "there is no environment xyz", "known environments: production"),
        ("production", ("suport-eu",), "there is no instance suport-eu in production",
         "did you mean support-eu?"),
        ("production", ("zzz",), "there is no instance zzz in production",
         "known instances: support-eu"),
    ],
)  # fmt: skip
def test_names_that_do_not_exist(
    make_snapshot: MakeSnapshot,
    environment: str,
    only: tuple[str, ...] | None,
    message: str,
    hint: str,
) -> None:
    with pytest.raises(UsageError) as caught:
        compile_environment(make_snapshot(), environment, only)
    assert (caught.value.message, caught.value.hint) == (message, hint)


CASES = [  # changed files | what is reported
    ({"agentgit.yaml": None},
     ["agentgit.yaml: there is no agentgit.yaml at the root of the repository"]),
    ({"agentgit.yaml": None, "agentgit.yml": "x"},
     ["agentgit.yaml: there is no agentgit.yaml at the root of the repository",
      "agentgit.yml: this file is not read"]),
    ({f"{PRODUCTION}/environment.yaml": None},
     [f"{PRODUCTION}/environment.yaml: the environment production has no environment.yaml"]),
    ({"global/support.yaml": "x"}, ["global/support.yaml: this file is not read by agentgit"]),
    ({"global/agents/x.yml": "x"}, ["global/agents/x.yml: this file is not read by agentgit"]),
    ({f"{PRODUCTION}/instance/a.yaml": "x"},
     [f"{PRODUCTION}/instance/a.yaml: this file is not read by agentgit"]),
    ({"environments/a.yaml": "x"}, ["environments/a.yaml: this file is not read by agentgit"]),
    ({"global/agents/Bad.yaml": "kind: Agent\nmetadata: {name: Bad}\nspec: {}\n"},
     ["global/agents/Bad.yaml: Bad cannot be a name",
      ("global/agents/Bad.yaml:2:18: name must be a name of lower-case letters, digits and "
       'hyphens, at most 40 long, found "Bad"')]),
    ({f"{PRODUCTION}/instances/Un\nfit.yaml": HEAD.replace("support-eu", "unfit")},
     [f"{PRODUCTION}/instances/Un\nfit.yaml: 'Un\\nfit' cannot be a name"]),
    ({f"{PRODUCTION}/agents/suport.yaml": "kind: Agent\nmetadata: {name: suport}\nspec: {}\n"},
     [f"{PRODUCTION}/agents/suport.yaml: there is no agent suport"]),
    ({PATH: HEAD + "  rollout: carefull\n"}, [f"{PATH}:5:12: there is no rollout carefull"]),
    ({PATH: HEAD + "  container: {image: null}\n"},
     [f"{PATH}:5:22: container.image is removed here, and an instance needs it"]),
    ({PATH: HEAD + "  container: null\n  process: null\n"},
     [f"{PATH}:3:1: there is neither a container nor a process"]),
    ({"global/defaults.yaml": None},
     [f"{GLOBAL}:8:10: model.id is missing", f"{GLOBAL}:8:10: model.provider is missing"]),
    ({PATH: HEAD + "  tools: {x: {}}\n"},
     [f"{PATH}:5:14: tools.x: a tool names an mcpServer or an agent"]),
    ({PATH: HEAD + "  container: {healthcheck: {test: [a]}}\n"},
     [(f"{PATH}:5:28: container.healthcheck: test begins with CMD or CMD-SHELL, followed by what "
       "to run")]),
    ({PATH: HEAD + "  process: {command: []}\n"},
     [f"{PATH}:5:22: process.command must not be empty"]),
    ({PATH: HEAD + "  instructions: {file: null}\n"},
     [f"{PATH}:5:17: instructions need a file or a text"]),
    ({PATH: HEAD + "  rollout: {minHealthyTime: 3h}\n"},
     [(f"{PATH}:5:12: rollout: minHealthyTime must be less than "
       "healthyDeadline")]),
    ({PATH: HEAD + "  config: {language: [de]}\n"},
     [f"{PATH}:5:22: config.language is a list here and a single value in a lower layer"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "reported"), CASES)
def test_a_broken_repository(
    make_snapshot: MakeSnapshot, changes: dict[str, str | None], reported: list[str]
) -> None:
    assert lines(broken(make_snapshot(changes))) == reported


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("global/agents/x.yml", "rename it to global/agents/x.yaml"),
        ("global/agents/deep/x.yaml",
         "global/ holds defaults.yaml, catalog.yaml, rollouts.yaml and agents/NAME.yaml"),
        (f"{PRODUCTION}/instances.yaml",
         ("environments/ENV/ holds environment.yaml, defaults.yaml, agents/NAME.yaml and "
         "instances/NAME.yaml")),
    ],
)  # fmt: skip
def test_a_misplaced_file_has_a_hint(make_snapshot: MakeSnapshot, path: str, hint: str) -> None:
    (problem,) = broken(make_snapshot({path: "x"}))
    assert problem.hint == hint


def test_other_files_are_left_alone(make_snapshot: MakeSnapshot) -> None:
    others = {
        "global/prompts/example.yaml": "- not ours",
        "global/README.md": "x",
        f"{PRODUCTION}/notes.txt": "x",
        "docs/some.yaml": "- not ours",
        ".github/workflows/ci.yml": "on: push",
    }
    assert validate_project(make_snapshot(others)) == ()


def test_an_agent_that_nobody_uses_is_fine_but_checked(make_snapshot: MakeSnapshot) -> None:
    path = "global/agents/spare.yaml"
    fine = "kind: Agent\nmetadata: {name: spare}\nspec: {}\n"
    assert validate_project(make_snapshot({path: fine})) == ()
    wrong = fine.replace("{}", "{scal: 1}")
    assert lines(broken(make_snapshot({path: wrong}))) == [f"{path}:3:8: unknown key scal in spec"]


def test_a_bad_global_line_is_one_error_however_many_instances(
    make_snapshot: MakeSnapshot,
) -> None:
    agent = (
        "kind: Agent\nmetadata: {name: support}\n"
        "spec: {container: {user: '1'}, instructions: {file: ../x.md}}\n"
    )
    instances = {
        f"{PRODUCTION}/instances/i{n}.yaml": OTHER.replace("other", f"i{n}") for n in range(30)
    }
    found = lines(broken(make_snapshot({GLOBAL: agent, **instances})))
    assert found == [f"{GLOBAL}:3:53: there is no file global/x.md in the repository"]
    agent = agent.replace(", instructions: {file: ../x.md}", "")
    found = lines(broken(make_snapshot({GLOBAL: agent, **instances})))
    assert found == [f"{GLOBAL}:3:19: container.image is missing"]


def test_nothing_to_run_is_the_agents_error_when_no_layer_has_it(
    make_snapshot: MakeSnapshot,
) -> None:
    changes = {
        GLOBAL: "kind: Agent\nmetadata: {name: support}\nspec: {}\n",
        f"{PRODUCTION}/agents/support.yaml": None,
        f"{PRODUCTION}/instances/other.yaml": OTHER,
    }
    assert lines(broken(make_snapshot(changes))) == [
        f"{GLOBAL}:3:7: there is neither a container nor a process"
    ]


def test_problems_of_many_files_come_together_in_order(make_snapshot: MakeSnapshot) -> None:
    changes = {
        PATH: HEAD + "  scale: {replicas: x}\n",
        "global/defaults.yaml": "kind: AgentDefaults\nmetadata: {name: defaults}\nspec: {a: 1}\n",
        f"{PRODUCTION}/environment.yaml": "kind: [\n",
    }
    assert [str(problem.location) for problem in broken(make_snapshot(changes))] == [
        f"{PRODUCTION}/environment.yaml:2:1",
        f"{PATH}:5:21",
        "global/defaults.yaml:3:8",
    ]


def test_problems_are_bounded(make_snapshot: MakeSnapshot) -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(80))
    found = broken(make_snapshot({PATH: HEAD + f"  scale: {{{keys}}}\n"}))
    assert len(found) == 51
    assert found[-1].message == "and 30 more problems"


def test_a_useless_null_is_a_warning(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({PATH: HEAD + "  config: {langage: null}\n"})
    (warning,) = validate_project(snapshot)
    assert lines((warning,)) == [
        f"{PATH}:5:12: null removes config.langage, which no lower layer sets"
    ]
    assert warning.hint == "did you mean language?"
    heard: list[Problem] = []
    compile_environment(snapshot, "production", warn=heard.append)
    assert heard == [warning]


def test_a_project_without_environments_is_a_warning(
    make_snapshot: MakeSnapshot, basic: dict[str, str]
) -> None:
    snapshot = make_snapshot({path: None for path in basic if path.startswith("environments/")})
    assert [problem.message for problem in validate_project(snapshot)] == [
        "the project has no environment"
    ]


def test_the_project_alone(make_snapshot: MakeSnapshot) -> None:
    project = compile_project(make_snapshot({PATH: "broken: ["}))
    assert (project.id, project.name) == ("0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11", "acme")
    with pytest.raises(ConfigError):
        compile_project(make_snapshot({"agentgit.yaml": "kind: x"}))


def test_links_are_not_followed_as_layers(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({}, {PATH: "120000"})
    assert lines(broken(snapshot)) == [f"{PATH}: links are not followed"]


def test_each_file_is_parsed_once(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def parse(path: str, data: bytes, *rest: object) -> object:
        read.append(path)
        return parse_file(path, data, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("agentgit.compile.workspace.parse_file", parse)
    validate_project(make_snapshot({f"{PRODUCTION}/instances/other.yaml": OTHER}))
    assert sorted(read) == sorted(set(read))
    assert PATH in read

"""The change between two versions: who decides it, whom it reaches, what does not count."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.errors import UsageError
from agentgit.model.effect import Effect, EffectCause
from agentgit.workflow.diff import compare_snapshots
from tests.workflow.conftest import FILES, make

Compare = Callable[..., Effect]
Edit = Callable[[str, str, str], dict[str, str | None]]

DEFAULTS = "global/defaults.yaml"
AGENT = "global/agents/support.yaml"
PROMPT = "global/prompts/support.md"
EU = "environments/production/instances/support-eu.yaml"
HERE = "environments/production/defaults.yaml"
ALL = ("support-ap", "support-eu", "support-us")


def only_cause(effect: Effect) -> EffectCause:
    (cause,) = effect.causes
    return cause


def steps(cause: EffectCause) -> list[tuple[str, object, object]]:
    return [(f.path, f.before, f.after) for way in cause.ways for f in way.fields]


def test_nothing_changes_nothing(compare: Compare) -> None:
    assert compare({}).is_empty


def test_a_comment_an_order_and_a_moved_line_change_nothing(
    compare: Compare, edited: Edit
) -> None:
    assert compare(edited(DEFAULTS, "    language: en\n    limit: 5\n",
                          "    # more\n    limit: 5\n    language: en\n")).is_empty  # fmt: skip


def test_a_value_that_everybody_overrides_changes_nothing(compare: Compare, edited: Edit) -> None:
    assert compare(edited(DEFAULTS, "limit: 5", "limit: 6")).is_empty


def test_a_line_and_whom_it_reaches(compare: Compare, edited: Edit) -> None:
    effect = compare(edited(DEFAULTS, "temperature: 0.7", "temperature: 0.5"))
    cause = only_cause(effect)
    assert str(cause.places[0]) == f"{DEFAULTS}:4:65"
    assert cause.instances == ALL
    assert steps(cause) == [("model.params.temperature", 0.7, 0.5)]
    assert (effect.total, effect.replicas_before, effect.replicas_after) == (3, 6, 6)
    assert all(one.replaces for one in effect.instances)


def test_who_overrides_a_line_is_not_reached(compare: Compare, edited: Edit) -> None:
    own = {EU: FILES[EU] + "  model: {params: {temperature: 0.1}}\n"}
    effect = compare({**edited(DEFAULTS, "0.7", "0.5"), **own}, own)
    assert only_cause(effect).instances == ("support-ap", "support-us")


def test_two_ways(compare: Compare, edited: Edit) -> None:
    """One new line, but not everybody had the same before."""
    own = {EU: FILES[EU] + "  model: {params: {temperature: 0.1}}\n"}
    cause = only_cause(compare(edited(DEFAULTS, "0.7", "0.5"), own))
    assert [(way.instances, way.fields[0].before) for way in cause.ways] == [
        (("support-ap", "support-us"), 0.7),
        (("support-eu",), 0.1),
    ]
    assert str(cause.ways[1].fields[0].was).startswith(f"{EU}:6:")


def test_values_of_one_line_are_one_cause(compare: Compare, edited: Edit) -> None:
    cause = only_cause(compare(edited(DEFAULTS, "id: large, params: {temperature: 0.7",
                                      "id: small, params: {temperature: 0.5")))  # fmt: skip
    assert [path for path, _, _ in steps(cause)] == ["model.id", "model.params.temperature"]


def test_the_same_edit_in_many_files_is_one_cause(compare: Compare) -> None:
    paths = [path for path in FILES if "/instances/" in path]
    edits = {path: FILES[path] + "  scale: {replicas: 4}\n" for path in paths}
    cause = only_cause(compare(edits))
    assert [one.path for one in cause.places] == sorted(paths)
    assert cause.instances == ALL


def test_a_line_that_is_gone_is_the_cause(compare: Compare, edited: Edit) -> None:
    cause = only_cause(compare(edited(DEFAULTS, "    language: en\n", "")))
    assert cause.gone
    assert str(cause.places[0]) == f"{DEFAULTS}:6:15"
    (field,) = cause.ways[0].fields
    assert (field.before, field.has) == ("en", False)


def test_a_null_is_the_cause_of_what_it_takes_away(compare: Compare, edited: Edit) -> None:
    cause = only_cause(compare(edited(HERE, "{limit: 9}", "{limit: 9, language: null}")))
    assert not cause.gone
    assert str(cause.places[0]) == f"{HERE}:4:32"


def test_a_value_that_shows_again_names_who_said_it_before(compare: Compare, edited: Edit) -> None:
    cause = only_cause(compare(edited(HERE, "  config: {limit: 9}\n", "")))
    (field,) = cause.ways[0].fields
    assert (str(field.origin), str(field.was)) == (f"{DEFAULTS}:7:12", f"{HERE}:4:19")


def test_a_line_of_a_prompt(compare: Compare, edited: Edit) -> None:
    cause = only_cause(compare(edited(PROMPT, "50 EUR", "200 EUR")))
    (field,) = cause.ways[0].fields
    assert (str(cause.places[0]), field.lines) == (f"{PROMPT}:2", (2, 2))
    assert field.change_class == "prompt"


def test_lines_of_a_prompt_that_went_are_those_of_the_older_commit(compare: Compare) -> None:
    def prompt(*lines: str) -> dict[str, str | None]:
        return {PROMPT: "".join(f"{line}\n" for line in lines)}

    (gone,) = compare(prompt("a", "d"), prompt("a", "b", "c", "d")).causes
    (field,) = gone.ways[0].fields
    assert (str(gone.places[0]), gone.gone, field.lines) == (f"{PROMPT}:2", True, (2, 3))
    assert (field.origin, str(field.was)) == (None, f"{PROMPT}:2")
    (edited,) = compare(prompt("a", "x", "d"), prompt("a", "b", "c", "d")).causes
    assert (str(edited.places[0]), edited.gone) == (f"{PROMPT}:2", False)
    (apart,) = compare(prompt("b", "d"), prompt("a", "b", "c", "d")).causes
    assert (str(apart.places[0]), apart.ways[0].fields[0].lines) == (f"{PROMPT}:1", (1, 3))


def test_another_prompt_is_decided_by_who_names_it(compare: Compare, edited: Edit) -> None:
    cause = only_cause(compare(edited(AGENT, "support.md", "other.md")))
    assert str(cause.places[0]) == f"{AGENT}:4:24"


def test_a_prompt_that_only_moved_changes_nothing(compare: Compare, edited: Edit) -> None:
    moved = {PROMPT: None, "global/prompts/kind.md": FILES[PROMPT]}
    assert compare({**edited(AGENT, "support.md", "kind.md"), **moved}).is_empty


@pytest.mark.parametrize(
    ("path", "old", "new", "place", "field"),
    [
        (HERE, "replicas: 2", "replicas: 3", f"{HERE}:5:21", "scale.replicas"),
        ("global/rollouts.yaml", "10s", "20s", "global/rollouts.yaml:4:19",
         "rollout.minHealthyTime"),
        (DEFAULTS, "rollout: careful", "rollout: quick", f"{DEFAULTS}:8:12",
         "rollout.minHealthyTime"),
        (HERE, "  scale:", "  placement: {matchLabels: {pool: big}}\n  scale:",
         f"{HERE}:5:35", "placement.matchLabels.pool"),
        (AGENT, "team: cx", "team: billing", f"{AGENT}:2:42", "labels.team"),
    ],
)  # fmt: skip
def test_policy_needs_no_new_replicas(  # noqa: PLR0917
    compare: Compare, edited: Edit, path: str, old: str, new: str, place: str, field: str
) -> None:
    effect = compare(edited(path, old, new))
    cause = only_cause(effect)
    assert str(cause.places[0]) == place
    assert [one for one, _, _ in steps(cause)] == [field]
    assert not any(one.replaces for one in effect.instances)


def test_a_limit_is_shown_though_the_engine_changes_it_in_place(
    compare: Compare, edited: Edit
) -> None:
    limits = "    deploy: {resources: {limits: {memory: 512m}}}\n    environment"
    effect = compare(edited(AGENT, "    environment", limits))
    assert steps(only_cause(effect)) == [
        ("container.deploy.resources.limits.memory", None, "512m")
    ]
    assert not any(one.replaces for one in effect.instances)


def test_what_only_matters_to_another_engine_is_left_out(compare: Compare, edited: Edit) -> None:
    process = "  process: {source: ../../src, command: [run]}\n  container"
    edit = {**edited(AGENT, "  container", process), "src/run": "1"}
    assert compare(edit).is_empty
    local = edited("environments/production/environment.yaml", "docker", "process")
    effect = compare({**edit, **local}, local)
    assert {one.path for one in effect.instances[0].fields} == {
        "process.command",
        "process.source",
    }
    source = only_cause(compare({**edit, **local, "src/run": "2"}, {**edit, **local}))
    assert [one for one, _, _ in steps(source)] == ["process.source"]
    assert str(source.places[0]) == "src/run"  # what is in it decides, not who names it
    more = {"src/run": "2", "src/old": None, "src/sub/new": "1"}
    source = only_cause(compare({**edit, **local, **more}, {**edit, **local, "src/old": "1"}))
    assert source.ways[0].fields[0].files == ("src/old", "src/run", "src/sub/new")
    assert str(source.places[0]) == "src/run"
    gone = only_cause(compare({**edit, **local}, {**edit, **local, "src/old": "1"}))
    assert (str(gone.places[0]), gone.gone) == ("src/old", True)
    elsewhere = {"src/run": None, "lib/run": "1", **edited(AGENT, "  container", process)}
    elsewhere[AGENT] = str(elsewhere[AGENT]).replace("../../src", "../../lib")
    source = only_cause(compare({**local, **elsewhere}, {**edit, **local}))
    assert str(source.places[0]) == f"{AGENT}:5:21"


def test_another_agent_is_one_cause(compare: Compare) -> None:
    triage = {
        "global/agents/triage.yaml": FILES[AGENT]
        .replace("support,", "triage,")
        .replace(":1", ":2")
    }
    other = {EU: FILES[EU].replace("agent: support", "agent: triage"), **triage}
    cause = only_cause(compare(other, triage))
    assert str(cause.places[0]) == f"{EU}:4:10"
    assert steps(cause) == [
        ("agent", "support", "triage"),
        ("container.image", "acme/support:1", "acme/support:2"),
    ]
    assert [one.forces for one in cause.ways[0].fields] == ["nothing", "replace"]


def test_what_another_agent_does_not_say_is_gone_by_its_name(compare: Compare) -> None:
    bare = {"global/agents/triage.yaml": FILES[AGENT].replace("support,", "triage,").replace(
        "    environment: {LOG_LEVEL: info}\n", "")}  # fmt: skip
    other = {EU: FILES[EU].replace("agent: support", "agent: triage"), **bare}
    _, field = only_cause(compare(other, bare)).ways[0].fields
    assert (field.path, field.has) == ("container.environment.LOG_LEVEL", False)
    assert (str(field.origin), str(field.was)) == (f"{EU}:4:10", f"{AGENT}:7:30")


def test_a_default_is_a_value_where_a_layer_says_otherwise(compare: Compare, edited: Edit) -> None:
    init = edited(AGENT, "    environment", "    init: true\n    environment")
    there, back = only_cause(compare(init)), only_cause(compare({}, init))
    assert steps(there) == [("container.init", False, True)]
    assert steps(back) == [("container.init", True, False)]
    assert (str(back.places[0]), back.gone) == (f"{AGENT}:7:11", True)


def test_lines_of_a_text_in_a_layer_are_those_of_the_layer(compare: Compare, edited: Edit) -> None:
    literal = "instructions:\n    text: |\n      Be kind.\n      Be brief.\n"
    named = "instructions: {file: ../prompts/support.md}\n"
    old = edited(AGENT, named, literal)
    (field,) = (
        only_cause(compare(edited(AGENT, named, literal.replace("brief", "clear")), old))
        .ways[0]
        .fields
    )
    assert (str(field.origin), field.lines) == (f"{AGENT}:7", (7, 7))
    quoted = 'instructions: {text: "Be kind.\\nBe clear."}\n'
    (field,) = only_cause(compare(edited(AGENT, named, quoted), old)).ways[0].fields
    assert (str(field.origin), field.lines) == (f"{AGENT}:4:24", None)


SCHEMA = "global/schemas/support.json"
NUMBER, TEXT = (
    '{"properties": {"limit": {"type": "KIND"}}}'.replace("KIND", kind)
    for kind in ("integer", "number")
)


def with_schema(block: str, schema: str) -> dict[str, str | None]:
    return {AGENT: FILES[AGENT] + f"  configSchema: {block}\n", SCHEMA: schema}


def test_a_schema_is_the_cause_of_what_it_allows(compare: Compare) -> None:
    named = "{file: ../schemas/support.json}"
    effect = compare(with_schema(named, TEXT), with_schema(named, NUMBER))
    cause = only_cause(effect)
    assert (str(cause.places[0]), cause.instances) == (SCHEMA, ALL)
    (step,) = steps(cause)
    assert step[0] == "configSchema.file"
    assert [str(side).rpartition(" ")[0] for side in step[1:]] == [SCHEMA, SCHEMA]
    assert not any(one.replaces for one in effect.instances)
    first = only_cause(compare(with_schema(named, TEXT), {SCHEMA: TEXT}))
    assert str(first.places[0]) == f"{AGENT}:8:24"


def test_a_schema_that_only_moved_changes_nothing(compare: Compare) -> None:
    named = with_schema("{file: ../schemas/support.json}", NUMBER)
    assert compare(named, with_schema(f"{{schema: {NUMBER}}}", NUMBER)).is_empty
    assert compare({**named, SCHEMA: NUMBER.replace(": ", ":\n  ")}, named).is_empty


def test_new_and_removed_instances(compare: Compare) -> None:
    path = "environments/production/instances/new.yaml"
    text = FILES[EU].replace("support-eu", "new")
    effect = compare({path: text, EU: None})
    assert [(one.kind, one.places[0].path, one.instances) for one in effect.causes] == [
        ("create", path, ("new",)),
        ("remove", EU, ("support-eu",)),
    ]
    assert effect.total == 4


def test_a_new_environment(compare: Compare) -> None:
    gone = {path: None for path in FILES if path.startswith("environments/")}
    effect = compare({}, {**gone, "environments/x/environment.yaml": None})  # nothing there yet
    assert effect.kind == "create"
    assert only_cause(effect).instances == ALL


def test_an_empty_new_environment_is_a_change() -> None:
    path = "environments/staging/environment.yaml"
    text = FILES["environments/production/environment.yaml"].replace("production", "staging")
    (effect,) = compare_snapshots(make({}), make({path: text}), ["staging"]).effects
    assert not effect.is_empty


def test_another_host_is_a_change_of_the_environment(compare: Compare, edited: Edit) -> None:
    path = "environments/production/environment.yaml"
    cause = only_cause(compare(edited(path, "{engine: docker}", "{engine: podman}")))
    assert cause.instances == ()
    assert str(cause.places[0]) == f"{path}:5:20"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("keepRevisions: 5", "keepRevisions"),
        ("source: {branch: release}", "source.branch"),
        ("protection: {minAvailable: 1}", "protection.minAvailable"),
    ],
)
def test_what_an_environment_keeps_follows_and_allows(
    compare: Compare, edited: Edit, said: str, path: str
) -> None:
    file = "environments/production/environment.yaml"
    cause = only_cause(compare(edited(file, "spec:\n", f"spec:\n  {said}\n")))
    (field,) = cause.ways[0].fields
    assert (cause.instances, field.path, field.forces) == ((), path, "nothing")
    assert cause.places[0].line == 4


def test_errors_belong_to_their_side(compare: Compare, edited: Edit) -> None:
    effect = compare(edited(HERE, "replicas: 2", "replicas: two"))
    assert not effect.problems_before
    assert effect.problems_after[0].location is not None
    assert effect.problems_after[0].location.path == HERE
    assert not effect.is_known
    assert not effect.is_empty


def test_both_sides_wrong_in_the_same_way(edited: Edit) -> None:
    wrong = make(edited(HERE, "replicas: 2", "replicas: two"))
    (effect,) = compare_snapshots(wrong, wrong).effects
    assert effect.problems_before
    assert effect.problems_after


def test_a_name_that_neither_side_has() -> None:
    with pytest.raises(UsageError) as caught:
        compare_snapshots(make({}), make({}), ["prodution"])
    assert caught.value.hint == "did you mean production?"


def test_it_is_the_same_every_time(edited: Edit) -> None:
    new = make({**edited(DEFAULTS, "0.7", "0.5"), **edited(PROMPT, "50", "200"), EU: None})
    assert compare_snapshots(make({}), new) == compare_snapshots(make({}), new)


CATALOG = "global/catalog.yaml"
NAMED = {
    DEFAULTS: FILES[DEFAULTS].replace(
        "model: {provider: anthropic, id: large, params: {temperature: 0.7}}",
        "model: {ref: smart}",
    ),
    CATALOG: (
        "kind: Catalog\nmetadata: {name: models}\nspec:\n  models:\n"
        "    smart: {provider: anthropic, id: large}\n"
        "    cheap: {provider: anthropic, id: small}\n"
    ),
}


def test_an_entry_of_the_catalog_is_the_cause_of_what_it_says(compare: Compare) -> None:
    new = {**NAMED, CATALOG: NAMED[CATALOG].replace("id: large", "id: larger")}
    cause = only_cause(compare(new, NAMED))
    assert str(cause.places[0]) == f"{CATALOG}:5:38"
    assert steps(cause) == [("model.id", "large", "larger")]


def test_naming_another_entry_is_the_cause(compare: Compare) -> None:
    new = {**NAMED, DEFAULTS: NAMED[DEFAULTS].replace("ref: smart", "ref: cheap")}
    cause = only_cause(compare(new, NAMED))
    assert str(cause.places[0]) == f"{DEFAULTS}:4:16"
    assert steps(cause) == [("model.id", "large", "small")]


def test_moving_a_model_into_the_catalog_changes_nothing(compare: Compare) -> None:
    written = NAMED[DEFAULTS].replace("ref: smart", "provider: anthropic, id: large")
    assert compare(NAMED, {**NAMED, DEFAULTS: written}).is_empty


ENVIRONMENT = "environments/production/environment.yaml"
FILLED = {
    ENVIRONMENT: FILES[ENVIRONMENT] + "  vars: {region: eu}\n",
    HERE: FILES[HERE].replace("limit: 9", 'limit: 9, url: "https://${vars.region}.acme.example"'),
}


def test_a_var_is_the_cause_of_what_it_is_put_into(compare: Compare) -> None:
    new = {**FILLED, ENVIRONMENT: FILLED[ENVIRONMENT].replace("region: eu", "region: us")}
    cause = only_cause(compare(new, FILLED))
    assert str(cause.places[0]) == f"{ENVIRONMENT}:6:18"
    assert steps(cause) == [("config.url", "https://eu.acme.example", "https://us.acme.example")]


def test_text_around_a_reference_is_its_own_cause(compare: Compare) -> None:
    new = {**FILLED, HERE: FILLED[HERE].replace("https", "http")}
    assert str(only_cause(compare(new, FILLED)).places[0]) == f"{HERE}:4:27"


SET = "environments/production/instances/tenants.yaml"
TENANTS = (
    "kind: InstanceSet\nmetadata: {name: tenants}\nspec:\n  agent: support\n"
    "  matrix: {tenant: [globex, initech]}\n  name: support-${tenant}\n"
    '  template: {config: {tenant: "${tenant}"}, scale: {replicas: 1}}\n'
)


def test_a_set(compare: Compare) -> None:
    more = TENANTS.replace("[globex, initech]", "[globex, initech, umbrella, wayne]")
    cause = only_cause(compare({SET: more}, {SET: TENANTS}))
    assert (cause.kind, [str(one) for one in cause.places]) == ("create", [SET])
    assert cause.instances == ("support-umbrella", "support-wayne")
    cause = only_cause(
        compare({SET: TENANTS.replace("replicas: 1", "replicas: 3")}, {SET: TENANTS})
    )
    assert (str(cause.places[0]), len(cause.ways)) == (f"{SET}:7:63", 1)
    assert cause.instances == ("support-globex", "support-initech")


def test_what_an_environment_extends_is_the_cause(compare: Compare) -> None:
    parent = {
        "environments/base/environment.yaml": FILES[ENVIRONMENT].replace("production", "base"),
        "environments/base/defaults.yaml": FILES[HERE].replace("limit: 9", "mode: quiet"),
        ENVIRONMENT: FILES[ENVIRONMENT] + "  extends: base\n",
    }
    path = "environments/base/defaults.yaml"
    new = {**parent, path: str(parent[path]).replace("quiet", "loud")}
    cause = only_cause(compare(new, parent))
    assert str(cause.places[0]) == f"{path}:4:18"
    assert cause.instances == ALL


def test_the_agent_of_a_set_is_named_by_the_set(compare: Compare) -> None:
    path = "environments/production/instances/tenants.yaml"
    tenants = (
        "kind: InstanceSet\nmetadata: {name: tenants}\nspec:\n  agent: support\n"
        "  matrix: {tenant: [a, b]}\n  name: t-${tenant}\n  template: {config: {region: eu}}\n"
    )
    triage = FILES[AGENT].replace("support,", "triage,").replace(":1", ":2")
    base = {"global/agents/triage.yaml": triage}
    cause = only_cause(
        compare({**base, path: tenants.replace("agent: support", "agent: triage")},
                {**base, path: tenants})
    )  # fmt: skip
    assert str(cause.places[0]) == f"{path}:4:10"
    assert cause.instances == ("t-a", "t-b")
    assert {field.path for field in cause.ways[0].fields} == {"agent", "container.image"}


def test_the_agent_of_a_parent_environment_is_told_apart(compare: Compare, edited: Edit) -> None:
    own = "environments/production/agents/triage.yaml"
    triage = FILES[AGENT].replace("support,", "triage,")
    base = {
        "global/agents/triage.yaml": triage,
        own: "kind: Agent\nmetadata: {name: triage}\nspec:\n  config: {limit: 1}\n",
    }
    cause = only_cause(compare({**base, **edited(EU, "agent: support", "agent: triage")}, base))
    assert str(cause.places[0]) == f"{EU}:4:10"
    assert steps(cause) == [("agent", "support", "triage"), ("config.limit", 9, 1)]

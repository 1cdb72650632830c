"""Each rule of `lint`: what it finds, where, what it lets pass, and how it is silenced."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.compile.lint import lint_project
from agentgit.errors import ConfigError, UsageError
from agentgit.model.finding import RULES, SILENCE

INSTANCE = "environments/production/instances/support-eu.yaml"
OTHER = "environments/production/instances/support-us.yaml"
AGENT = "global/agents/support.yaml"


def instance(name: str, *lines: str, annotations: str = "") -> str:
    head = f"kind: Instance\nmetadata: {{name: {name}{annotations}}}\nspec:\n  agent: support\n"
    return head + "".join(f"  {line}\n" for line in lines)


def found(snapshot: Any, rule: str, environment: str | None = None) -> list[tuple[str, str]]:
    return [
        (str(one.problem.location), one.problem.message)
        for one in lint_project(snapshot, environment)
        if one.rule == rule and one.reason is None
    ]


def test_a_value_equal_to_what_it_inherits(make_snapshot: Any) -> None:
    files = {INSTANCE: instance("support-eu", "config: {language: en, more: 1}")}
    assert found(make_snapshot(files), "dead-override") == [
        (f"{INSTANCE}:5:22", f'config.language is "en", as in {AGENT}:11:22')
    ]


def test_equal_for_one_and_not_for_another_is_no_finding(make_snapshot: Any) -> None:
    environment = "kind: AgentDefaults\nmetadata: {name: defaults}\nspec: {config: {a: 1}}\n"
    agent = "kind: Agent\nmetadata: {name: other}\nspec: {container: {image: a}, config: {a: 1}}\n"
    files = {
        "environments/production/defaults.yaml": environment,
        "global/agents/other.yaml": agent,
        "environments/production/instances/other.yaml": (
            "kind: Instance\nmetadata: {name: other}\nspec: {agent: other}\n"
        ),
    }
    assert found(make_snapshot(files), "dead-override") == []
    del files["environments/production/instances/other.yaml"]
    files[INSTANCE] = instance("support-eu").replace("agent: support", "agent: other")
    (one,) = found(make_snapshot(files), "dead-override")
    assert one[0] == "environments/production/defaults.yaml:3:20"


@pytest.mark.parametrize("value", ["1.0", "true", '"1"', "!final 1"])
def test_another_type_or_a_lock_is_no_dead_override(make_snapshot: Any, value: str) -> None:
    agent = (
        "kind: Agent\nmetadata: {name: support}\nspec: {container: {image: a}, config: {a: 1}}\n"
    )
    files = {AGENT: agent, INSTANCE: instance("support-eu", f"config: {{a: {value}}}")}
    assert found(make_snapshot(files), "dead-override") == []


def test_a_value_that_everybody_overrides(make_snapshot: Any) -> None:
    files = {
        INSTANCE: instance("support-eu", "config: {language: de}"),
        OTHER: instance("support-us", "config: {language: null}"),
    }
    assert (
        f"{AGENT}:11:22",
        "config.language is overridden in all 2 instances with this layer",
    ) in found(make_snapshot(files), "never-effective")
    files[OTHER] = instance("support-us")
    rest = [place for place, _ in found(make_snapshot(files), "never-effective")]
    assert f"{AGENT}:11:22" not in rest


def test_a_list_that_is_extended_counts(make_snapshot: Any) -> None:
    files = {INSTANCE: instance("support-eu", "container: {command: !append [x]}")}
    messages = [message for _, message in found(make_snapshot(files), "never-effective")]
    assert not any("command" in message for message in messages)


def test_removals_of_nothing(make_snapshot: Any) -> None:
    files = {
        INSTANCE: instance("support-eu", "config: {nothing: null}"),
        "environments/production/environment.yaml": (
            "kind: Environment\nmetadata: {name: production}\n"
            "spec: {hosts: {a: {}}, vars: {none: null}}\n"
        ),
    }
    places = [place for place, _ in found(make_snapshot(files), "idle-removal")]
    assert places == ["environments/production/environment.yaml:3:31", f"{INSTANCE}:5:12"]


def test_what_nobody_uses(make_snapshot: Any) -> None:
    files = {
        "global/agents/idle.yaml": (
            "kind: Agent\nmetadata: {name: idle}\nspec: {container: {image: a}}\n"
        ),
        "environments/production/agents/idle.yaml": (
            "kind: Agent\nmetadata: {name: idle}\nspec: {}\n"
        ),
        "global/prompts/old.md": "Old.\n",
        "global/schemas/old.json": "{}\n",
        "global/catalog.yaml": (
            "kind: Catalog\nmetadata: {name: all}\nspec:\n  models:\n"
            "    used: {provider: a, id: x-20250101}\n    idle: {provider: a, id: b}\n"
        ),
        "global/rollouts.yaml": (
            "kind: Rollout\nmetadata: {name: careful}\nspec: {}\n---\n"
            "kind: Rollout\nmetadata: {name: idle}\nspec: {}\n"
        ),
        INSTANCE: instance("support-eu", "model: {ref: used}"),
    }
    snapshot = make_snapshot(files)
    assert [place for place, _ in found(snapshot, "unused-file")] == [
        "environments/production/agents/idle.yaml",
        "global/agents/idle.yaml",
        "global/prompts/old.md",
        "global/schemas/old.json",
    ]
    assert found(snapshot, "unused-definition") == [
        ("global/catalog.yaml:6:5", "no instance names models.idle")
    ]
    assert found(snapshot, "unused-rollout") == [
        ("global/rollouts.yaml:6:1", "no instance names the rollout idle")
    ]


@pytest.mark.parametrize(
    ("model", "dated"),
    [
        ("claude-sonnet-4-5", False), ("claude-sonnet-4-5-20250929", True), ("gpt-4o", False),
        ("gpt-4o-2024-08-06", True), ("gpt-4-0613", True), ("gemini-2.5-flash-001", True),
        ("gemini-2.5-flash", False), ("anthropic.claude-3-v2:1", True), ("claude@20250101", True),
        ("llama3.1:8b", False), ("latest", False),
    ],
)  # fmt: skip
def test_models_without_a_date(make_snapshot: Any, model: str, *, dated: bool) -> None:
    files = {INSTANCE: instance("support-eu", f'model: {{provider: a, id: "{model}"}}')}
    assert (found(make_snapshot(files), "undated-model") == []) is dated


@pytest.mark.parametrize(
    ("image", "fixed"),
    [("acme/agent:1", False), ("acme/agent:1@sha256:" + "a" * 64, True), ("localhost/a:1", True)],
)
def test_images_without_a_digest(make_snapshot: Any, image: str, *, fixed: bool) -> None:
    files = {INSTANCE: instance("support-eu", f'container: {{image: "{image}"}}')}
    assert (found(make_snapshot(files), "image-without-digest") == []) is fixed


def test_no_grace_period(make_snapshot: Any) -> None:
    files = {INSTANCE: instance("support-eu", "container: {stop_grace_period: 0s}")}
    assert [place for place, _ in found(make_snapshot(files), "no-grace-period")] == [
        f"{INSTANCE}:5:34"
    ]
    assert found(make_snapshot({}), "no-grace-period") == []


def test_a_reason_silences_a_rule_in_its_document(make_snapshot: Any) -> None:
    said = f', annotations: {{"{SILENCE}dead-override": "kept for readers"}}'
    line = "config: {language: en}"
    files = {INSTANCE: instance("support-eu", line, annotations=said),
             OTHER: instance("support-us", line)}  # fmt: skip
    snapshot = make_snapshot(files)
    assert [place for place, _ in found(snapshot, "dead-override")] == [f"{OTHER}:5:22"]
    (silenced,) = (one for one in lint_project(snapshot) if one.reason is not None)
    assert silenced.reason == "kept for readers"


def test_the_project_silences_a_rule_everywhere(make_snapshot: Any, basic: Any) -> None:
    text = str(basic["agentgit.yaml"]).replace(
        "{name: acme}", f'{{name: acme, annotations: {{"{SILENCE}unused-file": "archive"}}}}'
    )
    snapshot = make_snapshot({"agentgit.yaml": text, "global/prompts/old.md": "x"})
    assert found(snapshot, "unused-file") == []
    assert found(snapshot, "bad-silence") == []


@pytest.mark.parametrize(
    ("rule", "reason", "message"),
    [
        ("dead-overide", "x", "there is no rule dead-overide"),
        ("dead-override", " ", "dead-override is silenced without a reason"),
        ("no-grace-period", "x", "no-grace-period finds nothing here"),
    ],
)
def test_a_bad_silence(make_snapshot: Any, rule: str, reason: str, message: str) -> None:
    said = f', annotations: {{"{SILENCE}{rule}": "{reason}"}}'
    files = {INSTANCE: instance("support-eu", "config: {language: en}", annotations=said)}
    snapshot = make_snapshot(files)
    assert [text for _, text in found(snapshot, "bad-silence")] == [message]
    assert len(found(snapshot, "dead-override")) == 1


def test_one_environment_alone(make_snapshot: Any) -> None:
    snapshot = make_snapshot({INSTANCE: instance("support-eu", "config: {language: en}")})
    places = [one.problem.location for one in lint_project(snapshot, "production")]
    assert places
    assert all(place and place.path.startswith("environments/production/") for place in places)
    with pytest.raises(UsageError):
        lint_project(snapshot, "nowhere")


def test_a_project_must_be_valid(make_snapshot: Any) -> None:
    with pytest.raises(ConfigError):
        lint_project(make_snapshot({INSTANCE: instance("support-eu", "scal: 1")}))


def test_a_set_is_judged_as_a_whole(make_snapshot: Any) -> None:
    text = (
        "kind: InstanceSet\nmetadata: {name: many}\nspec:\n  agent: support\n"
        "  matrix: {lang: [en, de]}\n  name: 'many-${lang}'\n"
        "  template: {config: {language: '${lang}', escalation: {after_turns: 6}}}\n"
    )
    snapshot = make_snapshot({"environments/production/instances/many.yaml": text})
    assert [message.partition(" ")[0] for _, message in found(snapshot, "dead-override")] == [
        "config.escalation.after_turns"
    ]


def test_every_rule_is_named_plainly() -> None:
    assert all(": " in text for text in RULES.values())

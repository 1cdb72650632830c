"""What a plan shows when guards refuse it, and environments whose files are gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.providers.memory import MemoryEngine

HELLO = "environments/production/instances/hello.yaml"
ENVIRONMENT = "environments/production/environment.yaml"
HERE = ("-e", "production")


@pytest.fixture
def applied(project: Path, agentgit: Callable[..., Any]) -> Path:
    assert agentgit("apply", *HERE, "--yes").code == 0
    return project


@pytest.fixture
def refused(applied: Path, commit: Callable[[str], str]) -> Path:
    """Two guards refuse it: renamed with an edit, and an image that may move."""
    text = (applied / HELLO).read_text(encoding="utf-8")
    renamed = text.replace("name: hello", "name: greeter")
    (applied / HELLO).with_name("greeter.yaml").write_text(renamed, encoding="utf-8")
    (applied / HELLO).unlink()
    file = applied / ENVIRONMENT
    limits = f"{file.read_text(encoding='utf-8')}  protection: {{pinnedImages: true}}\n"
    file.write_text(limits, encoding="utf-8")
    commit("Another name")
    return applied


def test_the_whole_plan_is_shown_and_then_all_that_refuses_it(
    refused: Path, agentgit: Callable[..., Any]
) -> None:
    done = agentgit("plan", *HERE, "--out", "a.plan")
    assert done.code == 7
    assert "  + greeter  2 replicas  new" in done.out
    assert "  - hello    2 replicas  no longer declared" in done.out
    both = "--allow mutable-images --allow renames"
    assert done.out.endswith(
        "refused by renames, mutable-images; if it is meant:  "
        f"agentgit apply -e production {both}\n"
    )
    assert done.err.count("error: ") == 2
    assert done.err.startswith("nothing is saved in a.plan: the plan is refused\n")
    assert "this changes what protects production: pinnedImages false -> true (environments/" in (
        done.out
    )
    assert not (refused / "a.plan").exists()
    assert agentgit("plan", *HERE, *both.split(), "--out", "a.plan").code == 0
    said = "nothing is saved in a.plan: the plan is refused; a.plan is left as it was\n"
    assert agentgit("plan", *HERE, "--out", "a.plan").err.startswith(said)
    assert agentgit("apply", "a.plan", "--yes").code == 0


def test_a_comment_and_a_document_have_them_too(
    refused: Path, agentgit: Callable[..., Any]
) -> None:
    assert refused
    done = agentgit("plan", *HERE, "--format", "markdown")
    assert done.code == 7
    assert done.out.index("**Refused**") < done.out.index("- `renames`: `hello would be removed")
    assert done.out.index("- `mutable-images`: ") < done.out.index("| new, agent `hello`")
    done = agentgit("plan", *HERE, "--json")
    document = json.loads(done.out)
    assert done.code == 7
    assert [one["guard"] for one in document["refusals"]] == ["renames", "mutable-images"]
    assert document["protection"][0]["path"] == "protection.pinnedImages"
    assert document["changes"]
    staging = agentgit("plan", *HERE, "-e", "staging", "--format", "markdown")
    assert (staging.code, staging.out.count("### agentgit plan")) == (7, 2)


def test_nothing_of_it_is_carried_out(
    refused: Path, agentgit: Callable[..., Any], engine: MemoryEngine
) -> None:
    assert refused
    before = set(engine.replicas)
    done = agentgit("apply", *HERE, "--yes")
    assert done.code == 7
    assert "greeter" in done.out
    assert done.err.count("error: ") == 2
    assert agentgit("apply", *HERE, "--yes", "--allow", "renames").code == 7
    assert set(engine.replicas) == before


def test_what_is_in_quarantine_names_its_flag(
    applied: Path, agentgit: Callable[..., Any], engine: MemoryEngine,
    edit: Callable[[str, str, str], None], commit: Callable[[str], str],
) -> None:  # fmt: skip
    assert applied
    engine.behave = lambda _: "ends"
    edit("global/prompts/hello.md", "short", "long")
    commit("Longer")
    assert agentgit("apply", *HERE, "--yes").code == 3
    done = agentgit("plan", *HERE)
    assert done.code == 7
    assert done.out.endswith(
        "refused by quarantine; if it is meant:  "
        "agentgit apply -e production --retry --reason TEXT\n"
    )


def test_what_nothing_lets_pass_has_no_command(
    applied: Path, agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None], commit: Callable[[str], str],
) -> None:  # fmt: skip
    assert applied
    steps = "rollout: {strategy: canary, steps: [{setWeight: 10}]}"
    edit(HELLO, "replicas: 2}", f"replicas: 2}}\n  {steps}")
    edit("global/prompts/hello.md", "short", "long")
    commit("A canary of two")
    done = agentgit("plan", *HERE)
    assert done.code == 7
    assert "  ~ hello  2 replicas  prompt" in done.out
    assert done.out.endswith("refused by canary-share\n")
    assert "possible shares are 50, 100 %" in done.err
    (refusal,) = json.loads(agentgit("plan", *HERE, "--json").out)["refusals"]
    assert (refusal["name"], refusal["guard"]) == ("canary-share", None)


def test_a_change_of_limits_alone_is_pending_and_asked_for(
    applied: Path, agentgit: Callable[..., Any], commit: Callable[[str], str]
) -> None:
    file = applied / ENVIRONMENT
    plain = file.read_text(encoding="utf-8")
    file.write_text(f"{plain}  protection: {{minAvailable: 1}}\n", encoding="utf-8")
    commit("One serves at any time")
    for _ in range(2):  # nobody has agreed in between
        plan = agentgit("plan", *HERE, "--detailed-exitcode")
        assert plan.code == 2
        assert "\nNo replica of production changes. " in plan.out
        assert plan.out.endswith("\nto carry it out:  agentgit apply -e production\n")
        assert agentgit("apply", *HERE).code == 64
    assert agentgit("apply", *HERE, "--yes").code == 0
    plan = agentgit("plan", *HERE, "--detailed-exitcode")
    assert (plan.code, plan.out.startswith("No changes.")) == (0, True)


def test_a_restart_gives_up_no_host(applied: Path, agentgit: Callable[..., Any]) -> None:
    assert applied
    done = agentgit("restart", "hello", *HERE, "--yes", "--allow", "lost-hosts")
    assert (done.code, "a restart gives up no host" in done.err) == (64, True)


def test_the_limits_that_a_commit_lifts_are_still_in_force(
    applied: Path, agentgit: Callable[..., Any],
    edit: Callable[[str, str, str], None], commit: Callable[[str], str],
) -> None:  # fmt: skip
    file = applied / ENVIRONMENT
    plain = file.read_text(encoding="utf-8")
    file.write_text(f"{plain}  protection: {{maxRemoved: 0}}\n", encoding="utf-8")
    commit("Nothing goes")
    assert agentgit("apply", *HERE, "--yes").code == 0
    file.write_text(f"{plain}  protection: {{maxRemoved: 100%}}\n", encoding="utf-8")
    edit(HELLO, "replicas: 2", "replicas: 1")
    commit("And now it does")
    done = agentgit("plan", *HERE)
    assert done.code == 7
    assert "maxRemoved is 0 until this commit is verified" in done.err
    assert "protects production: maxRemoved 0 -> 100% (" in done.out
    assert "protection.maxRemoved" in agentgit("diff", "HEAD~1").out
    saved = str(applied / "change.plan")
    assert agentgit("plan", *HERE, "--allow", "protection", "--out", saved).code == 0
    assert "guards that it lets pass: protection" in agentgit("show", saved).out
    assert agentgit("apply", *HERE, "--yes", "--allow", "protection").code == 0
    (last, *_) = json.loads(agentgit("history", *HERE, "--json").out)["rollouts"]
    assert "let pass  protection" in agentgit("history", "show", last["id"]).out


def test_an_environment_whose_folder_is_gone_is_not_forgotten(
    applied: Path, agentgit: Callable[..., Any],
    git: Callable[..., str], commit: Callable[[str], str],
) -> None:  # fmt: skip
    assert applied
    assert agentgit("apply", "-e", "staging", "--yes").code == 0
    git("rm", "-rq", "environments/staging")
    commit("No staging")
    for command in ("plan", "apply"):
        done = agentgit(command, "-e", "staging")
        assert done.code == 7
        assert done.err == (
            "error: staging is not in this commit any more and was never destroyed: 1 replica of "
            "it runs\nhint: agentgit destroy -e staging removes all of it; to keep it, bring back "
            "environments/staging\n"
        )
    git("checkout", "-qb", "older", "HEAD~1")
    git("rm", "-rq", "environments/staging")
    commit("No staging on a branch either")
    assert "any more" in agentgit("plan", "-e", "staging").err
    git("checkout", "-q", "main")
    done = agentgit("plan", *HERE)
    assert "warning: staging is not in this commit any more" in done.err
    assert agentgit("destroy", "-e", "staging", "--yes").code == 0
    assert "staging" not in agentgit("plan", *HERE).err
    assert agentgit("plan", "-e", "staging").code == 64


def test_an_environment_under_another_name_is_a_second_fleet(
    applied: Path, agentgit: Callable[..., Any],
    git: Callable[..., str], edit: Callable[[str, str, str], None], commit: Callable[[str], str],
) -> None:  # fmt: skip
    assert applied
    git("mv", "environments/production", "environments/prod")
    edit("environments/prod/environment.yaml", "name: production", "name: prod")
    commit("A shorter name")
    done = agentgit("plan", "-e", "prod")
    assert done.code == 7
    assert "prod would be created, and production, which this commit does not have" in done.err
    assert agentgit("plan", "-e", "prod", "--allow", "renames").code == 0

"""The main job, as a user does it, on every kind of engine."""

from __future__ import annotations

from tests.scenarios.conftest import Fleet

INSTANCES = {"research", "support-eu", "support-us", "triage"}


def instances(fleet: Fleet) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in fleet.running():
        instance = next(one for one in INSTANCES if f"-production-{one}-" in name)
        found[instance] = found.get(instance, 0) + 1
    return found


def test_from_the_first_commit_to_a_rollback(fleet: Fleet) -> None:
    first = fleet.git("rev-parse", "HEAD")
    assert fleet.plan("--detailed-exitcode", expect=2).out.count("  + ") == 4
    fleet.apply()
    assert instances(fleet) == dict.fromkeys(INSTANCES, 2)
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")

    # One line of a prompt in the global layer: the plan names it and whom it reaches.
    fleet.edit("global/prompts/support.md", "50 EUR", "200 EUR")
    second = fleet.commit("Raise refund limit")
    plan = fleet.plan("--detailed-exitcode", expect=2).out
    assert "global/prompts/support.md:10" in plan
    assert "[-50-]{+200+} EUR" in plan
    changed = fleet.plan("--json").json["changes"]
    touched = {one["instance"] for one in changed if one["kind"] != "keep"}
    assert touched == {"support-eu", "support-us"}
    before = fleet.running()
    fleet.apply()
    after = fleet.running()
    kept = {name for name in before if "-support-" not in name}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert fleet.plan().out.startswith("No changes.")

    # A commit whose health check fails: exit 3, and the old replicas never went away.
    fleet.edit("global/defaults.yaml", "unhealthy: false", "unhealthy: true")
    fleet.commit("Faster answers")
    failed = fleet.apply(expect=3)
    assert fleet.running() == after
    text = (fleet.folder / "global/defaults.yaml").read_text()
    line = text[: text.index("unhealthy: true, ")].count("\n") + 1
    assert f"global/defaults.yaml:{line}" in failed.out
    assert "unhealthy" in failed.out
    assert '"event": "unhealthy"' in failed.out, "the last lines of the replica's log"
    assert second[:7] in failed.out
    status = fleet.run("status", "-e", "production").out
    assert "rolled back" in status

    # Back by hand to where it began; the next plan is empty and shows the pin.
    fleet.run(
        "rollback", "-e", "production", "--to", first[:10], "--reason", "complaints", "--yes"
    )
    pinned = fleet.plan("--detailed-exitcode").out
    assert "No changes." in pinned
    assert f"pinned at {first[:7]}" in pinned
    assert "complaints" in pinned
    history = fleet.run("history", "-e", "production", "--json").json["rollouts"]
    assert [(one["kind"], one["outcome"]) for one in history] == [
        ("rollback", "succeeded"),
        ("apply", "rolled-back"),
        ("apply", "succeeded"),
        ("apply", "succeeded"),
    ]

    fleet.run("destroy", "-e", "production", "--yes")
    assert fleet.running() == {}


def test_day_two(fleet: Fleet) -> None:
    """Logs, restart, a replica lost, one instance only, fewer replicas, a retired file."""
    fleet.apply("--only", "triage", "--only", "research")
    assert instances(fleet) == {"triage": 2, "research": 2}
    assert "serving" in fleet.run("logs", "triage", "-e", "production").out

    before = fleet.running()
    fleet.run("restart", "triage", "-e", "production", "--yes")
    after = fleet.running()
    assert len(after) == 4
    assert not {v for k, v in before.items() if "triage" in k} & set(after.values())
    assert {v for k, v in before.items() if "research" in k} <= set(after.values())
    assert fleet.plan("--only", "triage").out.startswith("No changes.")

    fleet.write(
        "environments/production/instances/triage.yaml",
        "kind: Instance\nmetadata: {name: triage}\nspec: {agent: triage, scale: {replicas: 1}}\n",
    )
    (fleet.folder / "environments/production/instances/research.yaml").unlink()
    fleet.commit("Less")
    fleet.apply("--only", "triage", "--only", "research")
    assert instances(fleet) == {"triage": 1}
    fleet.run("destroy", "-e", "production", "--yes")
    assert fleet.running() == {}

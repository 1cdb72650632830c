"""A bad change is tried once: what a team lives through until it is mended, on processes."""

from __future__ import annotations

from tests.scenarios.conftest import WORKER, SmallFleet

PROMPT = "global/prompts/worker.md"


def break_it(fleet: SmallFleet) -> str:
    """Commit an agent that ends at once, and apply it."""
    fleet.edit(WORKER, "{exit: 0}", "{exit: 3}")
    sha = fleet.commit("Faster answers")
    done = fleet.apply(expect=3)
    done.has("rolled back: alpha runs", "\nin quarantine: alpha ", "fix it, commit, then")
    return sha


def test_a_bad_commit_is_tried_once_and_a_fix_goes_through(small_fleet: SmallFleet) -> None:
    before = small_fleet.running()
    break_it(small_fleet)
    small_fleet.write("README.md", "On top of it.\n")
    small_fleet.commit("Words")
    for words in (("plan",), ("apply", "--yes"), ("apply", "--yes", "--only", "alpha")):
        done = small_fleet.run(*words, expect=7)
        done.says("alpha would change to ", "is in quarantine", "await-healthy", "--retry")
    assert small_fleet.running() == before
    status = small_fleet.run("status")
    status.has("went back to ", "\nin quarantine: alpha ", "keeps crashing", "1 change is pending")
    history = small_fleet.run("history", "--json").json["rollouts"]
    assert [one["outcome"] for one in history] == ["rolled-back", "succeeded"]

    small_fleet.edit(WORKER, "{exit: 3}", "{exit: 0, patience: 2}")
    small_fleet.commit("Mend it")
    small_fleet.apply().has("done: production runs ")
    assert small_fleet.running().keys() != before.keys()
    assert "quarantine" not in small_fleet.run("status").out
    assert small_fleet.plan("--detailed-exitcode").out.startswith("No changes.")


def test_a_retry_has_a_reason_and_can_help(small_fleet: SmallFleet) -> None:
    """The world was at fault after all: the same commit comes up once a file is there."""
    ready = small_fleet.state.parent / "ready"
    agent = (small_fleet.folder / "agents/agent.py").read_text()
    wait = f'if not os.path.exists("{ready}"):\n    sys.exit("no database")\n'
    small_fleet.write(
        "agents/agent.py", agent.replace('print("serving"', f'{wait}print("serving"')
    )
    head = small_fleet.commit("Ask the database")
    small_fleet.apply(expect=3).has("no database")
    ready.touch()
    small_fleet.apply(expect=7)
    small_fleet.apply("--retry", expect=64).says("--retry needs a reason", "--reason TEXT")
    small_fleet.plan("--retry").has("this was tried ", "to carry it out:")
    small_fleet.apply("--retry", "--reason", "the database is back").has(f"runs {head[:7]}")
    (retried, *_) = small_fleet.run("history", "--json").json["rollouts"]
    assert (retried["reason"], retried["retry"]) == ("the database is back", True)
    assert small_fleet.plan("--detailed-exitcode").out.startswith("No changes.")


def test_back_to_where_it_was_and_no_further(small_fleet: SmallFleet) -> None:
    first = small_fleet.git("rev-parse", "HEAD")
    bad = break_it(small_fleet)
    small_fleet.edit(WORKER, "{exit: 3}", "{exit: 0}")
    small_fleet.write(PROMPT, "Be brief.\n")
    small_fleet.commit("Mend it, and be brief")
    small_fleet.apply()
    before = small_fleet.running()
    small_fleet.run("rollback", "--to", bad, "--yes", expect=7).says("quarantine", "--to")
    assert small_fleet.running() == before
    done = small_fleet.run("rollback", "--to", first, "--for", "7d", "--yes")
    done.has(f"carrying this out pins production at {first[:7]}", " UTC, a newer commit or:")
    small_fleet.plan().has("the pin ends at ", "No changes.")
    # The same again renews the pin, and changes nothing that runs.
    small_fleet.run("rollback", "--to", first, "--for", "1d", "--yes").has("No changes.")
    (pinned, *_) = small_fleet.run("history", "--json").json["rollouts"]
    assert pinned["pin"]["expires"] is not None


def test_an_older_clone_and_a_rewritten_branch_are_refused(small_fleet: SmallFleet) -> None:
    first = small_fleet.git("rev-parse", "HEAD")
    small_fleet.write(PROMPT, "Be brief.\n")
    second = small_fleet.commit("Brief")
    small_fleet.apply()
    before = small_fleet.running()
    small_fleet.git("reset", "-q", "--hard", first)
    older = small_fleet.apply(expect=7)
    older.says("a newer commit is applied to production already", second[:7], "agentgit rollback")
    small_fleet.write(PROMPT, "Be precise.\n")
    small_fleet.commit("Precise")
    for words in (("plan",), ("apply", "--yes")):
        done = small_fleet.run(*words, expect=7)
        done.says(f"does not contain {second[:7]}", "merge or rebase", "--allow diverged")
    assert small_fleet.running() == before
    small_fleet.run("status").has("1 change is pending")
    small_fleet.apply("--allow", "diverged", "--reason", "we start over").has("done: ")
    assert small_fleet.running() != before
    assert small_fleet.plan("--detailed-exitcode").out.startswith("No changes.")

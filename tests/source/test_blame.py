"""Blame says what git says, line by line, on a history long enough to have stories."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agentgit.errors import GitError
from agentgit.model.origin import Blame, Origin, blame_of
from agentgit.source.repository import GitSource

Run = Callable[..., str]
Commit = Callable[..., str]
Open = Callable[[Path], GitSource]
FILES = ("global/defaults.yaml", "global/agents/support.yaml", "global/prompts/a b.md", "-x.yaml")


@pytest.fixture(scope="module")
def long_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred commits by three authors: lines are written, changed, moved and taken away."""
    folder = tmp_path_factory.mktemp("history")
    dice = random.Random(7)  # noqa: S311 - a repeatable history
    texts = {path: ["kind: Project"] for path in ("agentgit.yaml", *FILES)}
    stream = []
    for number in range(200):
        for path in dice.sample(FILES, dice.randint(1, 3)):
            lines = texts[path]
            at = dice.randrange(len(lines) + 1)
            if dice.random() < 0.3 and len(lines) > 3:
                del lines[at % len(lines)]
            lines.insert(at, f"key{number}: {path}")
        author = dice.choice(["Ana", "Li", "Zoë Ünal"])
        stream.append(_fast_import(number, author, texts))
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    subprocess.run(
        ["git", "-C", str(folder), "fast-import", "--quiet"], input=b"".join(stream), check=True
    )
    subprocess.run(["git", "-C", str(folder), "reset", "-q", "--hard"], check=True)
    return folder


def _fast_import(number: int, author: str, texts: dict[str, list[str]]) -> bytes:
    who = f"{author} <{author[:2].lower()}@acme.example> {1_700_000_000 + 3600 * number} +0100"
    head = f"commit refs/heads/main\nauthor {who}\ncommitter {who}\n".encode()
    parts = [head, _data(f"Change {number}\n\nIts body\n")]
    for path, lines in texts.items():
        quoted = f'"{path}"' if " " in path else path
        parts += [f"M 100644 inline {quoted}\n".encode(), _data("\n".join(lines) + "\n")]
    return b"".join(parts)


def _data(text: str) -> bytes:
    return b"data %d\n%s\n" % (len(text.encode()), text.encode())


def ask_git(folder: Path, path: str, line: int, revision: str = "HEAD") -> tuple[str, ...]:
    """Another way to the same answer: one line at a time, and `git show` for the commit."""
    said = subprocess.run(
        ["git", "blame", "-s", "-l", "--root", f"-L{line},{line}", revision, "--", path],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    shown = subprocess.run(
        ["git", "show", "-s", "--format=%H%n%an%n%ae%n%aI%n%s", said.split(" ")[0]],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(shown.splitlines())


def facts(blame: Blame | None) -> tuple[str, ...]:
    assert blame is not None
    assert blame.commit is not None
    one = blame.commit
    return one.sha, one.author, one.email, one.time.isoformat() if one.time else "", one.subject


def test_every_line_of_two_hundred_commits(long_history: Path, opened: Open) -> None:
    source = opened(long_history)
    sha = source.commit("HEAD").sha
    blames = source.blame(FILES, sha)
    counts = {path: len((long_history / path).read_text().splitlines()) for path in FILES}
    assert {path: len(lines) for path, lines in blames.items()} == counts
    assert len({facts(one)[0] for lines in blames.values() for one in lines}) > 60
    for path in FILES:
        for line in range(1, counts[path] + 1, 3):
            found = blame_of(Origin(layer="global", path=path, line=line, column=1), blames, line)
            assert facts(found) == ask_git(long_history, path, line)


def test_an_older_commit(long_history: Path, opened: Open) -> None:
    source = opened(long_history)
    old = source.commit("HEAD~150")
    blames = source.blame([FILES[0]], old.sha)
    for line, found in enumerate(blames[FILES[0]], start=1):
        assert facts(found) == ask_git(long_history, FILES[0], line, old.sha)


def test_what_is_not_committed_says_so(repository: Path, commit: Commit, opened: Open) -> None:
    sha = commit(repository, {"global/a.yaml": "one\ntwo\n"})
    (repository / "global/a.yaml").write_text("one\nnew\ntwo\n")
    (repository / "global/b.yaml").write_text("all\nnew")
    found = opened(repository).blame(["global/a.yaml", "global/b.yaml"], None)
    commits = [one.commit.sha if one.commit else None for one in found["global/a.yaml"]]
    assert commits == [sha, None, sha]
    assert found["global/b.yaml"] == (Blame(commit=None), Blame(commit=None))


def test_before_the_first_commit(tmp_path: Path, git: Run, opened: Open) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "agentgit.yaml").write_text("kind: Project\n")
    assert opened(tmp_path).blame(["agentgit.yaml"], None) == {
        "agentgit.yaml": (Blame(commit=None),)
    }


def test_a_project_below_the_top(tmp_path: Path, git: Run, commit: Commit, opened: Open) -> None:
    git(tmp_path, "init", "-q")
    sha = commit(tmp_path, {"fleet/agentgit.yaml": "kind: Project\n"})
    source = opened(tmp_path / "fleet")
    for at in (sha, None):
        (found,) = source.blame(["agentgit.yaml"], at)["agentgit.yaml"]
        assert facts(found)[0] == sha


def test_a_bare_repository(repository: Path, tmp_path: Path, git: Run, opened: Open) -> None:
    git(repository, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare.git"))
    source = opened(tmp_path / "bare.git")
    sha = source.commit("HEAD").sha
    assert facts(source.blame(["agentgit.yaml"], sha)["agentgit.yaml"][0])[0] == sha


def test_a_shallow_clone_does_not_claim_to_know(
    repository: Path, tmp_path: Path, git: Run, commit: Commit, opened: Open
) -> None:
    last = commit(repository, {"b.txt": "b\n"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(tmp_path / "shallow"))
    source = opened(tmp_path / "shallow")
    (found,) = source.blame(["agentgit.yaml"], last)["agentgit.yaml"]
    assert found.or_earlier
    assert facts(found)[0] == last
    assert not opened(repository).blame(["agentgit.yaml"], last)["agentgit.yaml"][0].or_earlier


def test_a_whole_text_is_whoever_wrote_there_last(
    repository: Path, commit: Commit, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
    first = commit(repository, {"global/p.md": "one\ntwo\nthree\n"})
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-02-01T00:00:00Z")
    second = commit(repository, {"global/p.md": "one\nTWO\nthree\n"})
    blames = opened(repository).blame(["global/p.md"], second)

    def who(line: int, last: int = 0) -> str:
        place = Origin(layer="global", path="global/p.md", line=line)
        return facts(blame_of(place, blames, last))[0]

    assert who(1) == second
    assert who(3) == first
    assert (who(1, 1), who(1, 2), who(2, 3)) == (first, second, second)


def test_a_path_that_a_commit_does_not_have(repository: Path, opened: Open) -> None:
    source = opened(repository)
    with pytest.raises(GitError, match=r"cannot blame nothing\.yaml"):
        source.blame(["nothing.yaml"], source.commit("HEAD").sha)


def test_who_changed_a_file_last(repository: Path, git: Run, commit: Commit, opened: Open) -> None:
    first = commit(repository, {"a b.txt": "one\n", "*.txt": "any\n"})
    second = commit(repository, {"c.txt": "one\n"})
    git(repository, "rm", "-q", "c.txt")
    git(repository, "commit", "-q", "-m", "Away")
    away = git(repository, "rev-parse", "HEAD").strip()
    source = opened(repository)
    found = source.last_changes(["a b.txt", "*.txt", "c.txt", "never.txt"], away)
    assert {path: facts(one)[0] for path, one in found.items()} == {
        "a b.txt": first, "*.txt": first, "c.txt": away,
    }  # fmt: skip
    assert facts(source.last_changes(["c.txt"], second)["c.txt"])[0] == second
    with pytest.raises(GitError):
        source.last_changes(["c.txt"], "0" * 40)


def test_who_changed_a_file_last_in_the_work_tree(
    repository: Path, commit: Commit, opened: Open
) -> None:
    first = commit(repository, {"a.txt": "one\n", "b.txt": "one\n", "c.txt": "one\n"})
    (repository / "a.txt").write_text("two\n")
    (repository / "b.txt").unlink()
    (repository / "new.txt").write_text("two\n")
    found = opened(repository).last_changes(["a.txt", "b.txt", "c.txt", "new.txt"], None)
    assert [one.commit and one.commit.sha for _, one in sorted(found.items())] == [
        None, None, first, None,
    ]  # fmt: skip


def test_a_shallow_clone_does_not_claim_to_know_who_changed_a_file(
    repository: Path, tmp_path: Path, git: Run, commit: Commit, opened: Open
) -> None:
    last = commit(repository, {"b.txt": "b\n"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(tmp_path / "shallow"))
    found = opened(tmp_path / "shallow").last_changes(["agentgit.yaml"], last)
    assert found["agentgit.yaml"].or_earlier
    assert not opened(repository).last_changes(["b.txt"], last)["b.txt"].or_earlier

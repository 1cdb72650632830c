"""What a project's repository gives: commits, snapshots, the followed commit, the actor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agentgit.errors import ConfigError, GitError
from agentgit.source.repository import GitSource

Open = Callable[[Path], GitSource]
Run = Callable[..., str]
Write = Callable[..., str]
ODD_NAMES = ("with space.txt", "new\nline.txt", "ünï/cödé.txt", "-dash.txt", '"quoted".txt', "a:b")


def test_a_commit_has_author_time_with_zone_and_subject(
    repository: Path, git: Run, opened: Open
) -> None:
    git(
        repository, "commit", "-q", "--allow-empty", "-m", "Raise limit\nto 200\n\nWhy not",
        "--author", "Zoë <zoe@example.org>", "--date", "2026-11-20T08:15:30+05:30",
    )  # fmt: skip
    found = opened(repository).commit("main")
    assert found.sha == git(repository, "rev-parse", "HEAD")
    assert (found.author, found.email) == ("Zoë", "zoe@example.org")
    assert found.subject == "Raise limit to 200"
    assert found.time is not None
    assert found.time.isoformat() == "2026-11-20T08:15:30+05:30"
    assert found.time.utcoffset() == timedelta(hours=5, minutes=30)


def test_a_commit_in_another_encoding_is_read(repository: Path, git: Run, opened: Open) -> None:
    message = repository.parent / "message"
    message.write_bytes("Größer".encode("latin-1"))
    git(
        repository, "-c", "i18n.commitEncoding=latin1", "commit", "-q", "--allow-empty",
        "-F", str(message),
    )  # fmt: skip
    assert opened(repository).commit("HEAD").subject == "Größer"


@pytest.mark.parametrize("revision", ["HEAD", "main", "v1", "HEAD~0", "HEAD^{}", "@"])
def test_every_way_to_name_a_commit(
    repository: Path, git: Run, opened: Open, revision: str
) -> None:
    git(repository, "tag", "-a", "v1", "-m", "one")
    assert opened(repository).commit(revision).subject == "First"


@pytest.mark.parametrize("revision", ["--help", "-x", "--all", "", " ", "a\nb", "main..main"])
def test_a_revision_is_never_an_option(repository: Path, opened: Open, revision: str) -> None:
    with pytest.raises(GitError, match="no commit"):
        opened(repository).commit(revision)


def test_an_unknown_revision_suggests_a_near_one(repository: Path, git: Run, opened: Open) -> None:
    git(repository, "branch", "release-2026")
    with pytest.raises(GitError) as caught:
        opened(repository).commit("relaese-2026")
    assert caught.value.hint == "did you mean release-2026?"


def test_a_repository_without_commits_says_so(tmp_path: Path, git: Run, opened: Open) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "agentgit.yaml").write_text("kind: Project\n")
    source = opened(tmp_path)
    for ask in (lambda: source.commit("HEAD"), lambda: source.follow("main")):
        with pytest.raises(GitError, match="has no commits yet") as caught:
            ask()
        assert "git commit" in (caught.value.hint or "")
    assert source.worktree().read("agentgit.yaml") == b"kind: Project\n"
    assert source.head_branch() == "main"


def test_a_snapshot_holds_the_commit_and_not_the_disk(
    repository: Path, commit: Write, opened: Open
) -> None:
    first = opened(repository).commit("HEAD").sha
    commit(repository, {"global/a.txt": "two\n", "b.txt": "b"}, "Second")
    (repository / "b.txt").write_text("not committed")
    source = opened(repository)
    old, new = source.snapshot(first), source.snapshot("HEAD")
    assert sorted(old.files) == ["agentgit.yaml", "global/a.txt"]
    assert (old.read("global/a.txt"), new.read("global/a.txt")) == (b"one\n", b"two\n")
    assert new.read("b.txt") == b"b"
    assert new.commit is not None
    assert new.commit.subject == "Second"
    with pytest.raises(KeyError):
        old.read("b.txt")


def test_odd_names_links_and_modes(repository: Path, commit: Write, opened: Open) -> None:
    (repository / "link").symlink_to("global/a.txt")
    (repository / "run.sh").write_text("#!/bin/sh\n")
    (repository / "run.sh").chmod(0o755)
    commit(repository, {name: name for name in ODD_NAMES})
    source = opened(repository)
    for snapshot in (source.snapshot("HEAD"), source.worktree()):
        assert [snapshot.read(name) for name in ODD_NAMES] == [name.encode() for name in ODD_NAMES]
        assert (snapshot.files["link"].mode, snapshot.read("link")) == ("120000", b"global/a.txt")
        assert snapshot.files["run.sh"].mode == "100755"
    assert source.worktree().files == source.snapshot("HEAD").files


def test_submodules_are_named_and_left_out(
    tmp_path: Path, repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    commit(inner, {"x": "x"})
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add",
        str(inner), "sub")  # fmt: skip
    commit(repository, {})
    source = opened(repository)
    expected = [".gitmodules", "agentgit.yaml", "global/a.txt"]
    for snapshot in (source.snapshot("HEAD"), source.worktree()):
        assert sorted(snapshot.files) == expected
        assert snapshot.submodules == ("sub",)


def test_a_repository_inside_is_no_part_of_the_work_tree(
    repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    inner = repository / "environments/inner"
    inner.mkdir(parents=True)
    git(inner, "init", "-q")
    commit(inner, {"x": "x"})
    snapshot = opened(repository).worktree()
    assert sorted(snapshot.files) == ["agentgit.yaml", "global/a.txt"]
    assert snapshot.submodules == ("environments/inner",)


def test_blobs_are_read_by_many_threads(repository: Path, commit: Write, opened: Open) -> None:
    names = [f"f{number}" for number in range(200)]
    commit(repository, {name: name * 500 for name in names})
    snapshot = opened(repository).snapshot("HEAD")
    wrong: list[str] = []

    def read_all() -> None:
        wrong.extend(name for name in names if snapshot.read(name) != name.encode() * 500)

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_many_objects_at_once_do_not_block(repository: Path, commit: Write, opened: Open) -> None:
    commit(repository, {"large": b"x" * 300_000})
    source = opened(repository)
    blob = source.snapshot("HEAD").files["large"].blob
    found = source.git.objects([blob] * 300 + ["nothing"])
    assert {len(one.data) for one in found if one} == {300_000}
    assert found[-1] is None


def test_reading_goes_on_after_close_and_after_the_reader_died(
    repository: Path, opened: Open
) -> None:
    source = opened(repository)
    snapshot = source.snapshot("HEAD")
    source.close()
    assert snapshot.read("global/a.txt") == b"one\n"
    assert source.git._reader is not None
    source.git._reader.kill()
    source.git._reader.wait()
    with pytest.raises(GitError, match="git stopped"):
        snapshot.read("global/a.txt")
    assert snapshot.read("global/a.txt") == b"one\n"


def test_a_tree_gives_the_files_of_a_folder(repository: Path, commit: Write, opened: Open) -> None:
    sha = commit(repository, {"agents/bot/main.py": "1", "agents/bot/lib/x.py": "2"})
    found = list(opened(repository).tree(sha, "agents/bot/"))
    assert found == [("lib/x.py", "100644", b"2"), ("main.py", "100644", b"1")]
    everything = {path for path, _, _ in opened(repository).tree(sha, ".")}
    assert everything >= {"agentgit.yaml", "agents/bot/main.py"}
    with pytest.raises(GitError, match="no folder agents/nobody"):
        list(opened(repository).tree(sha, "agents/nobody"))


def test_a_project_in_a_sub_folder(repository: Path, commit: Write, opened: Open) -> None:
    (repository / "agentgit.yaml").unlink()
    sha = commit(repository, {"fleet/agentgit.yaml": "x", "fleet/global/p.md": "y", "z": "z"})
    source = opened(repository / "fleet" / "global")
    assert sorted(source.snapshot("HEAD").files) == ["agentgit.yaml", "global/p.md"]
    assert source.snapshot("HEAD").read("global/p.md") == b"y"
    assert list(source.tree(sha, "global")) == [("p.md", "100644", b"y")]
    (repository / "z").write_text("outside")
    (repository / "fleet" / "new").write_text("inside")
    assert source.is_dirty() == ("new",)
    assert sorted(source.worktree().files) == ["agentgit.yaml", "global/p.md", "new"]
    with pytest.raises(GitError, match="no folder fleet"):
        source.snapshot("HEAD~1")
    with pytest.raises(ConfigError) as caught:
        GitSource.open(str(repository))
    assert "agentgit init" in (caught.value.hint or "")


def test_following_a_branch(repository: Path, git: Run, commit: Write, opened: Open) -> None:
    source = opened(repository)
    main = source.commit("HEAD")
    assert source.follow("main") == ("main", main)
    assert source.follow(None) == ("main", main)
    git(repository, "checkout", "-q", "-b", "feature/x")
    commit(repository, {"x": "x"})
    assert source.follow("main") == ("main", main)
    assert source.follow(None)[0] == "feature/x"
    with pytest.raises(GitError, match="no branch production") as caught:
        source.follow("production")
    assert "git fetch origin production" in (caught.value.hint or "")


def test_following_in_a_clone_and_detached(
    tmp_path: Path, repository: Path, git: Run, commit: Write, opened: Open
) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    ahead = commit(repository, {"x": "x"})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", f"file://{repository}", str(clone))
    source = opened(clone)
    name, found = source.follow("main")
    assert (name, found.subject) == ("origin/main", "First")
    git(clone, "checkout", "-q", "--detach")
    assert source.head_branch() is None
    assert source.follow("nowhere")[0] == "HEAD"
    assert source.follow("nowhere")[1].sha == ahead
    assert source.follow(None)[0] == "HEAD"


def test_the_actor(
    repository: Path, git: Run, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = opened(repository)
    assert "@" in source.actor()
    assert "<" not in source.actor()
    git(repository, "config", "user.name", "Li Wei")
    assert source.actor() == "Li Wei"
    git(repository, "config", "user.email", "li@example.org")
    assert source.actor() == "Li Wei <li@example.org>"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Robot")
    assert source.actor() == "Robot <li@example.org>"

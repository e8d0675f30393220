from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.commit import commit_paths, require_committable
from matrix_secrets.gitrepo.locate import find_work_tree
from tests.unit.gitrepo.repositories import committed, git, hook, new_repository, put, status

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repo", {"a.yaml": "a\n", "b.yaml": "b\n", "gone.yaml": "x\n"})


def test_only_its_own_paths(root: Path) -> None:
    put(root / "staged.yaml", "staged\n")
    put(root / "b.yaml", "b staged\n")
    git(root, "add", "staged.yaml", "b.yaml")
    put(root / "b.yaml", "b staged, and changed again\n")
    put(root / "untracked.yaml", "u\n")
    before = git(root, "diff", "--cached")
    paths = [put(root / "a.yaml", "new a\n"), put(root / "apps" / "new.yaml", "new\n"), root / "gone.yaml"]
    (root / "gone.yaml").unlink()
    commit = commit_paths(find_work_tree(root), paths, "matrix-secrets: three files\n\nwhy, and # why ünot\n")
    assert commit == git(root, "rev-parse", "HEAD").strip()
    assert committed(root) == ["M a.yaml", "A apps/new.yaml", "D gone.yaml"]
    assert git(root, "log", "-1", "--format=%B").strip() == "matrix-secrets: three files\n\nwhy, and # why ünot"
    assert git(root, "diff", "--cached") == before
    assert status(root) == ["MM b.yaml", "A  staged.yaml", "?? untracked.yaml"]


def test_nothing_to_commit(root: Path) -> None:
    tree = find_work_tree(root)
    put(root / "other.yaml", "o\n")
    git(root, "add", "other.yaml")
    head = git(root, "rev-parse", "HEAD")
    assert commit_paths(tree, [root / "a.yaml"], "m") is None
    assert commit_paths(tree, [root / "never-was.yaml"], "m") is None
    assert commit_paths(tree, [], "m") is None
    assert git(root, "rev-parse", "HEAD") == head
    assert status(root) == ["A  other.yaml"]


def test_staged_and_put_back_is_nothing_to_commit(root: Path) -> None:
    put(root / "a.yaml", "changed\n")
    git(root, "add", "a.yaml")
    put(root / "a.yaml", "a\n")
    assert commit_paths(find_work_tree(root), [root / "a.yaml"], "m") is None


def test_the_first_commit_of_a_repository(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo")
    put(root / "other", "o\n")
    git(root, "add", "other")
    assert commit_paths(find_work_tree(root), [put(root / "a", "a\n")], "first")
    assert committed(root) == ["A a"]
    assert status(root) == ["A  other"]


def test_names_that_mean_something_to_git(root: Path) -> None:
    names = ["*.yaml", ":(top)x", "-q", "sp ace", "ü", "[a].yaml", 'quo"te']
    paths = [put(root / name, "x\n") for name in names]
    put(root / "a.yaml", "changed, but not ours to commit\n")
    assert commit_paths(find_work_tree(root), paths, "m")
    assert len(committed(root)) == len(names)
    assert status(root) == [" M a.yaml"]


def test_from_a_linked_directory(root: Path, tmp_path: Path) -> None:
    put(root / "base" / "new", "x\n")
    (root / "link").symlink_to("base")
    assert commit_paths(find_work_tree(root), [root / "link" / "new"], "m")
    assert committed(root) == ["A base/new"]
    with pytest.raises(RefusedError, match="not in the repository"):
        commit_paths(find_work_tree(root), [put(tmp_path / "outside", "x")], "m")


def test_a_hook_that_refuses_is_heard_and_nothing_else_happens(root: Path) -> None:
    hook(root, "pre-commit", "echo 'no: a.yaml is ugly' >&2; echo said on stdout; exit 1")
    put(root / "staged.yaml", "staged\n")
    git(root, "add", "staged.yaml")
    paths = [put(root / "a.yaml", "new\n"), put(root / "new.yaml", "new\n")]
    before = status(root)
    with pytest.raises(OutsideError) as caught:
        commit_paths(find_work_tree(root), paths, "m")
    assert "no: a.yaml is ugly" in str(caught.value.cause)
    assert "said on stdout" in str(caught.value.cause)
    assert status(root) == before == [" M a.yaml", "A  staged.yaml", "?? new.yaml"]


def test_a_silent_hook_on_the_first_commit(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo")
    hook(root, "commit-msg", "exit 3")
    with pytest.raises(OutsideError, match="one of your hooks refused") as caught:
        commit_paths(find_work_tree(root), [put(root / "a", "a\n")], "m")
    assert "exit status 1" in str(caught.value.cause)
    assert status(root) == ["?? a"]


def test_a_hook_that_changes_the_message_and_the_file(root: Path) -> None:
    hook(root, "commit-msg", 'echo "Signed-off-by: me" >> "$1"')
    hook(root, "pre-commit", "echo formatted > a.yaml; git add a.yaml")
    put(root / "a.yaml", "new\n")
    assert commit_paths(find_work_tree(root), [root / "a.yaml"], "m")
    assert "Signed-off-by: me" in git(root, "log", "-1", "--format=%B")
    assert git(root, "show", "HEAD:a.yaml") == "formatted\n"


def test_commits_are_signed_as_configured(root: Path, tmp_path: Path) -> None:
    program = put(tmp_path / "sign", "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho SIGNATURE\n")
    program.chmod(0o755)
    git(root, "config", "gpg.program", str(program))
    git(root, "config", "commit.gpgSign", "true")
    put(root / "a.yaml", "new\n")
    assert commit_paths(find_work_tree(root), [root / "a.yaml"], "m")
    assert "gpgsig SIGNATURE" in git(root, "cat-file", "commit", "HEAD")


def test_merges_detached_heads_conflicts_and_ignored_files_are_refused(root: Path) -> None:
    tree = find_work_tree(root)
    put(root / ".gitignore", "*.key\n")
    with pytest.raises(RefusedError, match=r"age\.key: is ignored by Git") as caught:
        require_committable(tree, [root / "age.key"])
    assert str(caught.value.hint).startswith("git check-ignore -v age.key")
    git(root, "switch", "--quiet", "--detach")
    with pytest.raises(RefusedError, match="HEAD is detached"):
        require_committable(tree, [root / "a.yaml"])
    git(root, "switch", "--quiet", "--create", "other")
    put(root / "a.yaml", "theirs\n")
    git(root, "commit", "--quiet", "--all", "--message=theirs")
    git(root, "switch", "--quiet", "main")
    put(root / "a.yaml", "ours\n")
    git(root, "stash", "--quiet")
    git(root, "merge", "--quiet", "other")
    assert subprocess.run(["git", "stash", "pop"], cwd=root, capture_output=True, check=False).returncode == 1
    with pytest.raises(RefusedError, match=r"a\.yaml: has conflicts that are not resolved"):
        require_committable(tree, [root / "b.yaml"])
    put(root / ".git" / "MERGE_HEAD", git(root, "rev-parse", "HEAD"))
    with pytest.raises(RefusedError, match="a merge is in progress") as caught:
        commit_paths(tree, [root / "b.yaml"], "m")
    assert caught.value.hint == "git merge --continue or git merge --abort"


def test_without_a_name_to_commit_under(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    git(root, "config", "user.useConfigOnly", "true")
    put(root / "a.yaml", "new\n")
    with pytest.raises(RefusedError, match="under which name") as caught:
        commit_paths(find_work_tree(root), [root / "a.yaml"], "m")
    assert "git config --global user.name" in str(caught.value.hint)


def test_git_says_why_it_cannot(root: Path) -> None:
    put(root / ".git" / "index.lock", "")
    put(root / "a.yaml", "new\n")
    with pytest.raises(OutsideError) as caught:
        commit_paths(find_work_tree(root), [root / "a.yaml"], "m")
    assert "index.lock" in str(caught.value.cause)


def test_inside_another_repositorys_hook(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = new_repository(tmp_path / "other", {"a.yaml": "other\n"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    put(root / "a.yaml", "new\n")
    commit = commit_paths(find_work_tree(root), [root / "a.yaml"], "m")
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_WORK_TREE")
    assert commit == git(root, "rev-parse", "HEAD").strip()


def test_without_git(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = find_work_tree(root)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "empty"))
    with pytest.raises(OutsideError, match="the git program is missing"):
        commit_paths(tree, [root / "a.yaml"], "m")

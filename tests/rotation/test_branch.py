"""The rotation branch on a real remote: a lock that every clone sees, and a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.gitrepo.locate import find_work_tree
from matrix_secrets.gitrepo.push import BehindError, RejectedError, push
from matrix_secrets.gitrepo.remoteheads import is_ancestor, parent_of, read_heads
from matrix_secrets.gitrepo.scratch import commit_all, scratch_tree, succeed
from tests.unit.gitrepo.repositories import git, hook, new_repository, put, status

if TYPE_CHECKING:
    from pathlib import Path

BRANCH = "matrix-secrets/rotation"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def root(tmp_path: Path, remote: Path) -> Path:
    folder = new_repository(tmp_path / "repo", {"a": "a\n", "b": "b\n"})
    git(folder, "remote", "add", "origin", str(remote))
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main")
    return folder


@pytest.fixture
def second(tmp_path: Path, remote: Path, root: Path) -> Path:
    assert root.is_dir()
    git(tmp_path, "clone", "--quiet", str(remote), "second")
    return tmp_path / "second"


def changed(root: Path, text: str) -> str:
    """A commit beside the work tree."""
    tree = find_work_tree(root)
    with scratch_tree(tree, "HEAD") as scratch:
        put(scratch.root / "a", text)
        return commit_all(scratch, f"{text}\n\nRotation: yes\n")


def test_a_commit_is_made_beside_the_work_tree(root: Path) -> None:
    put(root / "b", "being worked on\n")
    git(root, "add", "b")
    hook(root, "pre-commit", 'echo "$PWD" > "$(git rev-parse --git-common-dir)/seen"')
    before = git(root, "rev-parse", "HEAD")
    commit = changed(root, "new")
    assert git(root, "rev-parse", "HEAD") == before
    assert status(root) == ["M  b"]
    assert git(root, "show", f"{commit}:a") == "new"
    assert git(root, "show", f"{commit}:b") == "b\n"
    assert (root / ".git/seen").is_file(), "the user's hooks ran"
    assert parent_of(find_work_tree(root), commit) == before.strip()
    assert git(root, "worktree", "list").count("\n") == 1


def test_what_an_interrupted_run_left_is_removed(root: Path) -> None:
    tree = find_work_tree(root)
    generator = scratch_tree(tree, "HEAD")
    generator.__enter__()  # and killed
    commit = changed(root, "new")
    assert git(root, "show", f"{commit}:a") == "new"
    assert not list(tree.state_dir.glob("rotation*"))


def test_the_branch_is_taken_once_and_seen_everywhere(root: Path, second: Path) -> None:
    ours, theirs = changed(root, "ours"), changed(second, "theirs")
    here, there = find_work_tree(root), find_work_tree(second)
    assert read_heads(there, "origin", [BRANCH]).get(BRANCH) is None
    assert push(here, "origin", f"{ours}:{REF}", expecting="").changed
    with pytest.raises(BehindError):
        push(there, "origin", f"{theirs}:{REF}", expecting="")
    heads = read_heads(there, "origin", ["main", BRANCH])
    assert heads.get(BRANCH) == ours
    assert is_ancestor(there, heads.commits["main"], ours), "the commit was fetched"
    assert push(there, "origin", f":{REF}", expecting=ours).changed
    assert read_heads(here, "origin", [BRANCH]).get(BRANCH) is None
    with pytest.raises(BehindError):
        push(here, "origin", f":{REF}", expecting=ours)


def test_only_the_commit_that_is_known_is_replaced(root: Path, second: Path) -> None:
    ours, theirs = changed(root, "ours"), changed(second, "theirs")
    here, there = find_work_tree(root), find_work_tree(second)
    push(here, "origin", f"{ours}:{REF}", expecting="")
    with pytest.raises(BehindError):
        push(there, "origin", f"{theirs}:{REF}", expecting=theirs)
    push(there, "origin", f"{theirs}:{REF}", expecting=ours)
    assert read_heads(here, "origin", [BRANCH]).get(BRANCH) == theirs


def test_main_is_fast_forwarded_and_never_forced(root: Path, second: Path, remote: Path) -> None:
    ours, theirs = changed(root, "ours"), changed(second, "theirs")
    here, there = find_work_tree(root), find_work_tree(second)
    push(here, "origin", f"{ours}:refs/heads/main")
    assert git(remote, "rev-parse", "main").strip() == ours
    with pytest.raises(BehindError):
        push(there, "origin", f"{theirs}:refs/heads/main")
    assert git(remote, "rev-parse", "main").strip() == ours


def test_a_protected_main(root: Path, remote: Path) -> None:
    path = put(remote / "hooks/update", '#!/bin/sh\ncase $1 in */main) echo "main is protected" >&2; exit 1;; esac\n')
    path.chmod(0o755)
    ours, here = changed(root, "ours"), find_work_tree(root)
    push(here, "origin", f"{ours}:{REF}", expecting="")
    with pytest.raises(RejectedError) as caught:
        push(here, "origin", f"{ours}:refs/heads/main")
    assert "protected" in f"{caught.value.cause}"


def test_another_rotation_takes_its_place_without_force(root: Path, second: Path, remote: Path) -> None:
    git(remote, "config", "receive.denyNonFastForwards", "true")
    ours, here, there = changed(root, "ours"), find_work_tree(root), find_work_tree(second)
    push(here, "origin", f"{ours}:{REF}", expecting="")
    put(second / "b", "main has moved on")
    git(second, "commit", "--quiet", "--all", "--message=meanwhile")
    git(second, "push", "--quiet")
    heads = read_heads(there, "origin", ["main", BRANCH])
    with scratch_tree(there, heads.commits["main"]) as scratch:
        succeed(scratch, ours)
        put(scratch.root / "a", "renewed")
        renewed = commit_all(scratch, "renewed")
    push(there, "origin", f"{renewed}:{REF}", expecting=ours)
    push(there, "origin", f"{renewed}:refs/heads/main")
    assert git(remote, "show", f"{renewed}:a") == "renewed"
    assert git(remote, "show", f"{renewed}:b") == "main has moved on"
    assert parent_of(there, renewed) == heads.commits["main"]

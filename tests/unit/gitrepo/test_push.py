from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.locate import find_work_tree
from matrix_secrets.gitrepo.push import Pushed, Upstream, push, upstream
from tests.unit.gitrepo.repositories import git, new_repository, put

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def root(tmp_path: Path, remote: Path) -> Path:
    folder = new_repository(tmp_path / "repo", {"a": "a\n"})
    git(folder, "remote", "add", "origin", str(remote))
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main:live")
    return folder


def commit(root: Path, text: str) -> str:
    put(root / "a", text)
    git(root, "commit", "--quiet", "--all", f"--message={text}")
    return git(root, "rev-parse", "HEAD").strip()


def at(remote: Path, ref: str) -> str:
    return git(remote, "rev-parse", ref).strip()


def test_to_the_upstream_whatever_its_name(root: Path, remote: Path) -> None:
    tree = find_work_tree(root)
    new = commit(root, "b")
    assert upstream(tree, "main") == Upstream("origin", "refs/heads/live")
    old = at(remote, "live")
    assert push(tree, dry_run=True) == Pushed("origin", "refs/heads/live", changed=True)
    assert at(remote, "live") == old
    assert push(tree) == Pushed("origin", "refs/heads/live", changed=True)
    assert at(remote, "live") == new
    assert push(tree) == Pushed("origin", "refs/heads/live", changed=False)


def test_elsewhere_when_told(root: Path, remote: Path) -> None:
    tree = find_work_tree(root)
    head = commit(root, "b")
    assert push(tree, "origin", "HEAD:refs/heads/rotation") == Pushed("origin", "refs/heads/rotation", changed=True)
    assert at(remote, "rotation") == head
    assert push(tree, "origin").ref == "refs/heads/live"
    git(root, "remote", "add", "second", str(remote))
    assert push(tree, "second").ref == "refs/heads/main"


def test_a_remote_that_is_ahead(root: Path, remote: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--branch=live", str(remote), "colleague")
    commit(tmp_path / "colleague", "theirs")
    git(tmp_path / "colleague", "push", "--quiet")
    commit(root, "ours")
    with pytest.raises(OutsideError, match="has commits that are not here") as caught:
        push(find_work_tree(root))
    assert caught.value.hint == "git pull --rebase, then git push"


def test_a_remote_that_refuses_is_quoted(root: Path, remote: Path) -> None:
    script = put(
        remote / "hooks" / "pre-receive", "#!/bin/sh\necho 'main is protected: https://me:pw@host' >&2\nexit 1\n"
    )
    script.chmod(0o755)
    commit(root, "b")
    with pytest.raises(OutsideError, match=r"did not take the push: .*pre-receive hook declined") as caught:
        push(find_work_tree(root))
    assert "main is protected: https://***@host" in str(caught.value.cause)


def test_a_hook_of_our_own_that_refuses(root: Path) -> None:
    put(root / ".git" / "hooks" / "pre-push", "#!/bin/sh\necho tests fail >&2\nexit 1\n").chmod(0o755)
    commit(root, "b")
    with pytest.raises(OutsideError, match="the push to origin failed") as caught:
        push(find_work_tree(root))
    assert "tests fail" in str(caught.value.cause)


def test_no_upstream_no_remote_no_branch(tmp_path: Path, root: Path) -> None:
    tree = find_work_tree(root)
    git(root, "switch", "--quiet", "--create", "topic")
    with pytest.raises(RefusedError, match="topic follows no branch") as caught:
        push(tree)
    assert caught.value.hint == "git push -u origin topic"
    git(root, "switch", "--quiet", "--detach")
    with pytest.raises(RefusedError, match="HEAD is detached"):
        push(tree)
    lonely = find_work_tree(new_repository(tmp_path / "lonely", {"a": "a\n"}))
    with pytest.raises(RefusedError) as caught:
        push(lonely)
    assert caught.value.hint == "git remote add origin URL && git push -u origin main"


def test_credentials_never_show(root: Path) -> None:
    git(root, "remote", "set-url", "origin", "http://me:canary@127.0.0.1:1/x.git")
    commit(root, "b")
    with pytest.raises(OutsideError, match="origin cannot be reached") as caught:
        push(find_work_tree(root))
    error = caught.value
    assert "canary" not in f"{error} {error.cause} {error.hint} {error.__cause__} {error.__context__}"
    with pytest.raises(OutsideError) as caught:
        push(find_work_tree(root), "http://me:canary@127.0.0.1:1/y.git", "main")
    assert "canary" not in f"{caught.value} {caught.value.cause}"
    assert "http://***@127.0.0.1:1/y.git" in str(caught.value)


def test_a_remote_that_is_gone(root: Path, remote: Path) -> None:
    remote.rename(remote.with_name("moved"))
    with pytest.raises(OutsideError, match="the push to origin failed") as caught:
        push(find_work_tree(root))
    assert "does not appear to be a git repository" in str(caught.value.cause)

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.locate import current_branch, find_work_tree, operation_in_progress
from tests.unit.gitrepo.repositories import git, new_repository, put

if TYPE_CHECKING:
    from pathlib import Path


def test_from_the_root_and_from_below(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo", {"apps/matrix/a.yaml": "a\n"})
    for start in (root, root / "apps" / "matrix"):
        found = find_work_tree(start)
        assert found.root == root
        assert found.git_dir == found.common_dir == root / ".git"
        assert found.state_dir == root / ".git" / "matrix-secrets"


def test_git_agrees_about_a_linked_work_tree_and_a_submodule(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo", {"a": "a\n"})
    git(root, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    inner = new_repository(tmp_path / "inner", {"b": "b\n"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    for folder in (root, tmp_path / "linked", root / "sub"):
        found = find_work_tree(folder)
        said = git(folder, "rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir")
        assert [str(found.root), str(found.git_dir), str(found.common_dir)] == said.splitlines()
    assert current_branch(find_work_tree(tmp_path / "linked")) == "other"


def test_through_a_link(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo", {"apps/a": "a\n"})
    (tmp_path / "link").symlink_to(root / "apps")
    assert find_work_tree(tmp_path / "link").root == root


def refusal(start: Path) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        find_work_tree(start)
    return caught.value


def test_no_repository(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert "is not in a Git repository" in str(error)
    assert str(error.hint).startswith("git init")
    assert "there is no directory" in str(refusal(tmp_path / "nowhere"))
    (tmp_path / ".git").mkdir()
    assert "is not in a Git repository" in str(refusal(tmp_path))


def test_a_bare_repository_and_the_inside_of_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    assert "is a bare repository" in str(refusal(tmp_path / "bare.git"))
    assert "is a bare repository" in str(refusal(tmp_path / "bare.git" / "refs"))
    root = new_repository(tmp_path / "repo")
    error = refusal(root / ".git" / "objects")
    assert "inside a Git directory" in str(error)
    assert error.hint == f"cd {root}"


def test_a_broken_pointer(tmp_path: Path) -> None:
    put(tmp_path / ".git", "gitdir: nowhere\n")
    assert "which is no Git directory" in str(refusal(tmp_path))
    put(tmp_path / ".git", "nonsense")
    assert "neither a Git directory nor a pointer" in str(refusal(tmp_path))


def test_branches(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo")
    tree = find_work_tree(root)
    assert current_branch(tree) == "main"
    put(root / "a", "a\n")
    git(root, "add", "a")
    git(root, "commit", "--quiet", "--message=first")
    git(root, "switch", "--quiet", "--create", "feature/ünï")
    assert current_branch(tree) == "feature/ünï"
    git(root, "switch", "--quiet", "--detach")
    assert current_branch(tree) is None


def conflicting(tmp_path: Path) -> Path:
    root = new_repository(tmp_path / "repo", {"a": "base\n"})
    git(root, "switch", "--quiet", "--create", "other")
    put(root / "a", "theirs\n")
    git(root, "commit", "--quiet", "--all", "--message=theirs")
    git(root, "switch", "--quiet", "main")
    put(root / "a", "ours\n")
    git(root, "commit", "--quiet", "--all", "--message=ours")
    return root


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick"])
def test_what_is_in_progress(tmp_path: Path, operation: str) -> None:
    root = conflicting(tmp_path)
    assert operation_in_progress(find_work_tree(root)) is None
    done = subprocess.run(["git", operation, "other"], cwd=root, capture_output=True, check=False)
    assert done.returncode != 0
    assert operation_in_progress(find_work_tree(root)) == operation


def test_names_below_the_root(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo", {"base/a": "a\n"})
    (root / "link").symlink_to("base")
    tree = find_work_tree(root)
    assert tree.relative(root / "base" / "a") == "base/a"
    assert tree.relative(root / "link" / "a") == "base/a"
    with pytest.raises(RefusedError, match="not in the repository"):
        tree.relative(tmp_path / "elsewhere")


def test_finding_it_does_not_load_gitpython(tmp_path: Path) -> None:
    new_repository(tmp_path / "repo")
    code = (
        "import sys; from pathlib import Path; from matrix_secrets.gitrepo import locate, changes, commit, push;"
        "locate.current_branch(locate.find_work_tree(Path(sys.argv[1]))); print('git' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "repo")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"

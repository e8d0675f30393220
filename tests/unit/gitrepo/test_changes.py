from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.gitrepo.changes import FileDiff, diff_summary, head_blob, head_commit, is_ignored, is_tracked
from matrix_secrets.gitrepo.command import redact_credentials
from matrix_secrets.gitrepo.locate import find_work_tree
from tests.unit.gitrepo.repositories import git, new_repository, put

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repo", {"a.yaml": "1\n2\n3\n", "apps/b.yaml": "b\n", ".gitignore": "*.key\n"})


def test_ignored_and_tracked(root: Path) -> None:
    tree = find_work_tree(root)
    assert is_ignored(tree, root / "x" / "age.key")
    assert not is_ignored(tree, root / "age.txt")
    assert not is_ignored(tree, root / "a.yaml")
    assert is_tracked(tree, root / "apps" / "b.yaml")
    assert not is_tracked(tree, put(root / "new", ""))


def test_head_blob_is_exact(root: Path) -> None:
    tree = find_work_tree(root)
    data = b"\xef\xbb\xbfraw \xff\r\nno end"
    (root / "sp ace.bin").write_bytes(data)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=m")
    put(root / "sp ace.bin", "changed")
    assert head_blob(tree, root / "sp ace.bin") == data
    assert head_blob(tree, root / "apps") is None
    assert head_blob(tree, root / "nowhere" / "x") is None


def test_a_branch_without_commits(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo")
    tree = find_work_tree(root)
    put(root / "a", "1\n2\n")
    put(root / "b", "1\n")
    git(root, "add", "a")
    assert head_commit(tree) is None
    assert head_blob(tree, root / "a") is None
    assert diff_summary(tree) == [FileDiff("a", 2, 0), FileDiff("b", 1, 0)]


def test_the_summary_of_a_diff(root: Path) -> None:
    tree = find_work_tree(root)
    assert diff_summary(tree) == []
    put(root / "a.yaml", "1\ntwo\n3\n4\n")
    git(root, "add", "a.yaml")
    (root / "apps" / "b.yaml").unlink()
    put(root / "new file", "n\n")
    put(root / "age.key", "ignored")
    (root / "bin").write_bytes(b"\0")
    everything = [
        FileDiff("a.yaml", 2, 1),
        FileDiff("apps/b.yaml", 0, 1),
        FileDiff("bin", None, None),
        FileDiff("new file", 1, 0),
    ]
    assert diff_summary(tree) == everything
    assert diff_summary(tree, [root / "a.yaml", root / "new file"]) == [everything[0], everything[3]]
    assert diff_summary(tree, []) == []


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("fatal: https://user:pa@ss/w0rd@host/x.git refused", "fatal: https://***@host/x.git refused"),
        ("'https://ghp_token@github.com/a/b'", "'https://***@github.com/a/b'"),
        ("ssh://git@host/x and git@host:x", "ssh://***@host/x and git@host:x"),
        ("https://host/x.git", "https://host/x.git"),
    ],
)
def test_credentials_are_taken_out(text: str, redacted: str) -> None:
    assert redact_credentials(text) == redacted


@given(st.text(st.characters(min_codepoint=33, exclude_characters="'\"", exclude_categories=["Z", "C"]), min_size=4))
def test_no_password_survives(password: str) -> None:
    assert f":{password}@" not in redact_credentials(
        f"fatal: unable to access 'https://me:{password}@host/x.git/': 403"
    )

"""Files as a revision holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.command import run_git

if TYPE_CHECKING:
    from matrix_secrets.gitrepo.locate import WorkTree


def upstream_revision(work_tree: WorkTree) -> str | None:
    """Return the commit that the upstream branch had when it was last fetched or pushed; None without an upstream."""
    words = ("rev-parse", "--quiet", "--verify", "@{upstream}^{commit}")
    return run_git(work_tree, *words, ok=(0, 1, 128)).text or None


def files_of(work_tree: WorkTree, revision: str) -> list[str]:
    """Return the files of a revision, below the root, with ``/``."""
    return run_git(work_tree, "ls-tree", "-r", "-z", "--full-tree", "--name-only", revision).fields


def read_file(work_tree: WorkTree, revision: str, file: str) -> bytes | None:
    """Return a file's bytes as a revision holds them, None if it holds none."""
    answer = run_git(work_tree, "cat-file", "blob", f"{revision}:{file}", ok=(0, 128))
    return answer.out if answer.status == 0 else None

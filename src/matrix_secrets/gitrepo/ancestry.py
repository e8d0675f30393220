"""How commits stand to each other: which are published, which are not, what has changed since one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.command import literal, run_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree


def commit_at(work_tree: WorkTree, revision: str) -> str | None:
    """Return the commit id of a revision, None where this clone has none of that name."""
    words = ("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}")
    return run_git(work_tree, *words, ok=(0, 1, 128)).text or None


def published_commit(work_tree: WorkTree, branch: str) -> str | None:
    """Return the commit that a branch had on a remote when that was last fetched or pushed; None where none has it.

    The remote that the branch of that name follows comes first, then origin, then any.
    """
    followed = run_git(work_tree, "config", "--get", f"branch.{branch}.remote", ok=(0, 1)).text
    remotes = dict.fromkeys([followed, "origin", *run_git(work_tree, "remote").text.split()])
    found = (commit_at(work_tree, f"refs/remotes/{remote}/{branch}") for remote in remotes if remote)
    return next((commit for commit in found if commit), None)


def commits_beyond(work_tree: WorkTree, base: str, tip: str) -> int:
    """Count the commits of ``tip`` that ``base`` does not have."""
    return int(run_git(work_tree, "rev-list", "--count", f"{base}..{tip}").text)


def uncommitted(work_tree: WorkTree, files: Sequence[str]) -> list[str]:
    """Return those of the files, below the root, that differ from HEAD or are not in it."""
    if not files:
        return []
    found = run_git(work_tree, "status", "--porcelain=v1", "-z", "--no-renames", "--", *literal(files)).fields
    return sorted(entry[3:] for entry in found)

"""The remotes of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.command import run_git

if TYPE_CHECKING:
    from matrix_secrets.gitrepo.locate import WorkTree


def remotes(work_tree: WorkTree) -> list[str]:
    """Return the names of the remotes."""
    return run_git(work_tree, "remote").text.split()

"""A Git repository where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.command import run_git
from matrix_secrets.gitrepo.locate import WorkTree

if TYPE_CHECKING:
    from pathlib import Path


def create(directory: Path) -> WorkTree:
    """Make a repository in a directory, which is made too; its branch is ``main``, as Flux' own default.

    Raises OutsideError where git is missing or refuses, OSError where there can be no directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    root = directory.resolve()
    tree = WorkTree(root, root / ".git", root / ".git")
    run_git(tree, "init", "--quiet", "--initial-branch=main")
    return tree

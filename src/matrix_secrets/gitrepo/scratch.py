"""A second work tree for a while: commits are made there, with the user's hooks and signing, theirs is not touched."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.command import run_git
from matrix_secrets.gitrepo.locate import find_work_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matrix_secrets.gitrepo.locate import WorkTree

_FOLDER: Final = "rotation"


@contextmanager
def scratch_tree(work_tree: WorkTree, commit: str) -> Iterator[WorkTree]:
    """Check a commit out inside the Git directory, on no branch; it is gone at the end.

    What an interrupted run left there is removed first. Raises OutsideError where Git cannot.
    """
    folder = work_tree.state_dir / _FOLDER
    _remove(work_tree)
    folder.parent.mkdir(parents=True, exist_ok=True)
    run_git(work_tree, "worktree", "add", "--quiet", "--detach", str(folder), commit)
    try:
        yield find_work_tree(folder)
    finally:
        _remove(work_tree)


def succeed(tree: WorkTree, commit: str) -> None:
    """Make the next commit of a scratch tree follow another one as well, and take nothing of what that holds.

    Whatever branch points there can then be moved on without force.
    """
    run_git(tree, "merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours", commit)


def commit_all(tree: WorkTree, message: str, env: Mapping[str, str] | None = None) -> str:
    """Commit all that was changed in a scratch tree; return the commit.

    ``env`` is what the user's hooks are told beyond the environment. Raises OutsideError with a hook's words.
    """
    run_git(tree, "add", "--all")
    run_git(tree, "commit", "--quiet", "--file=-", stdin=message.encode(), env=env)
    return run_git(tree, "rev-parse", "HEAD").text


def _remove(work_tree: WorkTree) -> None:
    folder = work_tree.state_dir / _FOLDER
    if folder.exists():
        run_git(work_tree, "worktree", "remove", "--force", "--force", str(folder), ok=(0, 128))
        shutil.rmtree(folder, ignore_errors=True)
        run_git(work_tree, "worktree", "prune")

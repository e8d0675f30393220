"""Commit some files and nothing else: what the user has staged stays staged, hooks and signing apply."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, Place, RefusedError
from matrix_secrets.gitrepo.changes import head_commit, is_ignored, tracked
from matrix_secrets.gitrepo.command import literal, run_git
from matrix_secrets.gitrepo.locate import current_branch, operation_in_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matrix_secrets.gitrepo.locate import WorkTree


def require_committable(work_tree: WorkTree, paths: Sequence[Path]) -> None:
    """Refuse what `commit_paths` could not commit: to be asked before anything is written.

    Raises `RefusedError`: a merge, rebase or the like in progress, conflicts, a detached HEAD, an ignored file, no name
    to commit under.
    """
    if (operation := operation_in_progress(work_tree)) is not None:
        message = f"a {operation} is in progress, and Git commits single files only without one"
        raise RefusedError(message, hint=f"git {operation} --continue or git {operation} --abort")
    if current_branch(work_tree) is None:
        message = "no branch is checked out (HEAD is detached): a commit would belong to no branch"
        raise RefusedError(message, hint="git switch BRANCH")
    if conflicts := run_git(work_tree, "ls-files", "--unmerged", "-z").fields:
        place = Place(conflicts[0].partition("\t")[2])
        raise RefusedError("has conflicts that are not resolved", place=place, hint="git status")
    known = tracked(work_tree, [work_tree.relative(path) for path in paths])
    for path in paths:
        name = work_tree.relative(path)
        if name not in known and is_ignored(work_tree, path):
            hint = f"git check-ignore -v {shlex.quote(name)} shows which line of which file ignores it"
            raise RefusedError("is ignored by Git, so it cannot be committed", place=Place(name), hint=hint)
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        if run_git(work_tree, "var", who, ok=(0, 1, 128)).status != 0:
            hint = 'git config --global user.name "Your Name" && git config --global user.email you@example.org'
            raise RefusedError("Git does not know under which name to commit", hint=hint)


def commit_paths(
    work_tree: WorkTree, paths: Sequence[Path], message: str, env: Mapping[str, str] | None = None
) -> str | None:
    """Commit these files as they are on disk, new and deleted ones included, and nothing else.

    ``env`` is what the user's hooks are told beyond the environment.

    Returns the commit's id, None if they are as HEAD has them. Raises `RefusedError` as `require_committable`, and
    `OutsideError` with a hook's or Git's own words if there is no commit; the index is then as it was.
    """
    require_committable(work_tree, paths)
    names = sorted({work_tree.relative(path) for path in paths})
    known = tracked(work_tree, names)
    new = [name for name in names if name not in known and (work_tree.root / name).exists()]
    wanted = [name for name in names if name in known or name in new]
    if not wanted or not (new or _differ(work_tree, wanted)):
        return None
    if new:
        run_git(work_tree, "add", "--intent-to-add", "--", *literal(new))
    try:
        _commit(work_tree, wanted, message, env)
    except BaseException:
        if new:
            run_git(work_tree, "reset", "--quiet", "--", *literal(new), ok=(0, 1))
        raise
    return head_commit(work_tree)


def _differ(work_tree: WorkTree, names: Sequence[str]) -> bool:
    """Whether any of the tracked files differs from HEAD on disk."""
    if head_commit(work_tree) is None:
        return True
    return run_git(work_tree, "diff", "--quiet", "--no-ext-diff", "HEAD", "--", *literal(names), ok=(0, 1)).status == 1


def _commit(work_tree: WorkTree, names: Sequence[str], message: str, env: Mapping[str, str] | None) -> None:
    words = ("commit", "--only", "--quiet", "--file=-", "--", *literal(names))
    answer = run_git(work_tree, *words, stdin=message.encode("utf-8", "surrogateescape"), ok=range(256), env=env)
    if answer.status != 0:
        said = answer.words or f"git commit ended with exit status {answer.status} and said nothing"
        text = "nothing was committed: Git or one of your hooks refused; the files are changed on disk"
        raise OutsideError(text, cause=said, hint="mend what it says, then commit, or run the command again")

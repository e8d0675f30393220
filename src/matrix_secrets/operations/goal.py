"""Which commit Flux shall apply, and on which branch it has to arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.gitrepo.locate import current_branch
from matrix_secrets.gitrepo.push import upstream
from matrix_secrets.gitrepo.revision import fetch, holds, is_here, upstream_revision
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.gitrepo.locate import WorkTree

_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Goal:
    """The commit that was pushed, and where to. ``unpushed`` says that HEAD is not there yet."""

    work_tree: WorkTree
    commit: str
    remote: str
    branch: str
    unpushed: bool

    @property
    def short(self) -> str:
        """Enough of the commit to know it by."""
        return self.commit[:8]

    def reached_by(self, commit: str, branch: str) -> bool:
        """Whether a commit of the branch that Flux follows has the goal in it; the branch is fetched to tell."""
        if not commit:
            return False
        if not is_here(self.work_tree, commit) and branch:
            fetch(self.work_tree, self.remote, branch)
        return holds(self.work_tree, commit, self.commit)


def pushed_goal(work_tree: WorkTree) -> Goal:
    """Return what was pushed last from the current branch.

    Raises RefusedError where HEAD is detached, or the branch follows none of a remote.
    """
    branch = current_branch(work_tree)
    followed = upstream(work_tree, branch) if branch is not None else None
    commit = upstream_revision(work_tree)
    if branch is None or followed is None or commit is None:
        raise RefusedError(
            "this branch follows no branch of a remote, so nothing was pushed that Flux could apply",
            hint="git push -u origin HEAD",
        )
    unpushed = head_commit(work_tree) != commit and not holds(work_tree, commit, head_commit(work_tree) or commit)
    return Goal(work_tree, commit, followed.remote, followed.ref.removeprefix(_HEADS), unpushed)

"""Branches of a remote as they are at this moment, their commits brought here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError
from matrix_secrets.gitrepo.command import redact_credentials, run_git
from matrix_secrets.gitrepo.revision import is_here
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree

_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class RemoteHeads:
    """The commits that branches of a remote point to; a branch that is not there is missing."""

    remote: str
    commits: dict[str, str]

    def get(self, branch: str) -> str | None:
        """Return a branch's commit, None where there is no such branch."""
        return self.commits.get(branch)


def read_heads(work_tree: WorkTree, remote: str, branches: Sequence[str]) -> RemoteHeads:
    """Ask the remote, and fetch what is not here yet. Raises OutsideError where it cannot be asked."""
    refs = [_HEADS + branch for branch in branches]
    answer = run_git(work_tree, "ls-remote", "--", remote, *refs, ok=range(256))
    if answer.status != 0:
        where = redact_credentials(remote)
        raise OutsideError(f"{where} cannot be asked for its branches", cause=answer.words, hint=f"git fetch {where}")
    rows = (line.split("\t", 1) for line in answer.text.splitlines() if "\t" in line)
    found = {ref.removeprefix(_HEADS): commit for commit, ref in rows if ref in refs}
    missing = [branch for branch, commit in found.items() if not is_here(work_tree, commit)]
    if missing:
        run_git(work_tree, "fetch", "--quiet", "--no-tags", "--", remote, *(_HEADS + branch for branch in missing))
    return RemoteHeads(remote, found)


def is_ancestor(work_tree: WorkTree, old: str, new: str) -> bool:
    """Whether a commit is another one, or among those before it; False where either is not here."""
    return run_git(work_tree, "merge-base", "--is-ancestor", old, new, ok=(0, 1, 128)).status == 0


def parent_of(work_tree: WorkTree, commit: str) -> str | None:
    """Return a commit's first parent, None where it has none."""
    return run_git(work_tree, "rev-parse", "--quiet", "--verify", f"{commit}^", ok=(0, 1, 128)).text or None

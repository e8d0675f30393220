"""What one run of a rotation works with: the clone, its remote, the cluster, the acts, and its patience."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.locate import current_branch
from matrix_secrets.gitrepo.push import upstream
from matrix_secrets.gitrepo.remoteheads import RemoteHeads, read_heads
from matrix_secrets.gitrepo.remotes import remotes
from matrix_secrets.operations.publishing import ALLOW_PLAINTEXT
from matrix_secrets.operations.rotation.acts import Outside
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH
from matrix_secrets.operations.rotation.site import find_site
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.rotation.acts import Acts
    from matrix_secrets.operations.rotation.commits import Commits
    from matrix_secrets.operations.rotation.site import Site

_POLL = 0.5  # seconds


@dataclass(slots=True)
class Bench:
    """``patience`` is how many seconds each wait may take; ``said`` is what is being waited for, for who watches.

    ``hooks`` is what the user's hooks are told: of a stack whose secrets stand in plain text, that this was permitted.
    """

    work_tree: WorkTree
    remote: str
    site: Site
    commits: Commits
    acts: Acts
    patience: float
    hooks: Mapping[str, str]
    said: str = ""

    def heads(self) -> RemoteHeads:
        """Ask the remote for main and the rotation branch. Raises OutsideError, RefusedError where there is no main."""
        heads = read_heads(self.work_tree, self.remote, (self.site.main, ROTATION_BRANCH))
        if heads.get(self.site.main) is None:
            raise RefusedError(
                f"{self.remote} has no branch {self.site.main}, which Flux follows in {self.site.cluster.where}",
                hint="run the command in a clone of the repository that Flux follows, or name its cluster: --context",
            )
        return heads

    def wait_until(self, met: Callable[[], bool], what: str, hint: str, poll: float = _POLL) -> None:
        """Look again and again. Raises OutsideError once the patience is at its end."""
        self.said = what
        ends = time.monotonic() + self.patience
        while not met():
            if time.monotonic() > ends:
                raise OutsideError(f"not within {self.patience:.0f} s: {what}", cause=self._controller(), hint=hint)
            time.sleep(poll)

    def _controller(self) -> str | None:
        """Flux's own words, where it has something to complain about."""
        ready = self.site.read_owner().ready
        return ready.message if ready is not None and ready.status != "True" else None


def open_bench(tree: WorkTree, cluster: Connection, commits: Commits, commit: str, patience: float) -> Bench:
    """Find in the cluster what a commit has of the stack. Raises as `site.find_site`."""
    remote = remote_of(tree)
    stack = commits.at(commit).stack
    site = find_site(cluster, commits.workspace(commit), stack)
    plain = any(file.file in stack.secret_files and not file.encrypted for file in stack.files)
    hooks = {ALLOW_PLAINTEXT: "1"} if plain else {}  # who rotates was asked for --allow-plaintext
    return Bench(tree, remote, site, commits, Outside(tree, remote, site, patience, hooks), patience, hooks)


def remote_of(work_tree: WorkTree) -> str:
    """Return the remote to work with: the one that the current branch follows, else origin, else the only one.

    Raises RefusedError where there is none.
    """
    branch = current_branch(work_tree)
    followed = upstream(work_tree, branch) if branch is not None else None
    if followed is not None and followed.remote != ".":
        return followed.remote
    names = remotes(work_tree)
    if "origin" in names:
        return "origin"
    if len(names) == 1:
        return names[0]
    raise RefusedError(
        "there is no remote to work with: a rotation goes through the repository that Flux follows",
        hint="git push -u REMOTE BRANCH tells which remote it is",
    )

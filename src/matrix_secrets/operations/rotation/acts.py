"""Everything that a rotation changes outside, each as one act; a test can stop it before or after any of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from matrix_secrets.cluster import rolepassword
from matrix_secrets.cluster.flux import REQUESTED
from matrix_secrets.cluster.kinds import KUSTOMIZATION
from matrix_secrets.cluster.writing import annotate
from matrix_secrets.gitrepo.command import run_git
from matrix_secrets.gitrepo.locate import current_branch
from matrix_secrets.gitrepo.push import push, upstream
from matrix_secrets.operations.goal import Goal
from matrix_secrets.operations.reconcile import Watch, wait_for_source
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.cluster.rolepassword import Role
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.secretvalue import SecretValue

_REF = f"refs/heads/{ROTATION_BRANCH}"


class Acts(Protocol):
    """The acts. All raise OutsideError; after that it may not be known whether it was done, and one has to look."""

    def create_branch(self, commit: str) -> None:
        """Take the lock: push the rotation branch, which must not be there."""

    def replace_branch(self, commit: str, known: str) -> None:
        """Push another rotation in place of the one that is known."""

    def delete_branch(self, known: str) -> None:
        """Give the lock back; only the rotation that is known is deleted."""

    def set_role(self, role: Role, verifier: SecretValue) -> None:
        """Give a role of the database a password."""

    def publish(self, commit: str, main: str) -> None:
        """Fast-forward the branch that Flux follows. Never forces."""

    def reconcile(self, commit: str) -> str:
        """Ask Flux to fetch a commit of main and to apply it; return the token it answers with once it has tried."""

    def follow(self, commit: str, main: str) -> None:
        """Fast-forward the user's own branch, if that touches nothing of theirs."""


class Outside:
    """The real ones."""

    def __init__(self, work_tree: WorkTree, remote: str, site: Site, patience: float, hooks: Mapping[str, str]) -> None:
        self._work_tree = work_tree
        self._remote = remote
        self._site = site
        self._patience = patience
        self._hooks = hooks

    def create_branch(self, commit: str) -> None:
        """See `Acts`."""
        push(self._work_tree, self._remote, f"{commit}:{_REF}", expecting="", env=self._hooks)

    def replace_branch(self, commit: str, known: str) -> None:
        """See `Acts`."""
        push(self._work_tree, self._remote, f"{commit}:{_REF}", expecting=known, env=self._hooks)

    def delete_branch(self, known: str) -> None:
        """See `Acts`."""
        push(self._work_tree, self._remote, f":{_REF}", expecting=known, env=self._hooks)

    def set_role(self, role: Role, verifier: SecretValue) -> None:
        """See `Acts`."""
        rolepassword.set_verifier(role, verifier)

    def publish(self, commit: str, main: str) -> None:
        """See `Acts`."""
        push(self._work_tree, self._remote, f"{commit}:refs/heads/{main}", env=self._hooks)

    def reconcile(self, commit: str) -> str:
        """See `Acts`."""
        cluster = self._site.cluster
        goal = Goal(self._work_tree, commit, self._remote, self._site.main, unpushed=False)
        wait_for_source(Watch(cluster, goal, self._patience), self._site.source)
        token = datetime.now(UTC).isoformat()
        for name in self._site.chain:
            annotate(cluster, KUSTOMIZATION, name.namespace, name.name, {REQUESTED: token})
        return token

    def follow(self, commit: str, main: str) -> None:
        """See `Acts`."""
        branch = current_branch(self._work_tree)
        followed = None if branch is None else upstream(self._work_tree, branch)
        if followed is not None and followed.remote == self._remote and followed.ref == f"refs/heads/{main}":
            # Where Git refuses (other commits, own changes in the way), the user pulls when it suits them.
            run_git(self._work_tree, "merge", "--ff-only", "--quiet", commit, ok=range(256))

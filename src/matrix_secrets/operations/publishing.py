"""A plan becomes a commit, and a push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.gitrepo.commit import commit_paths, require_committable
from matrix_secrets.gitrepo.push import Pushed, push
from matrix_secrets.operations.exposure import refuse_plaintext
from matrix_secrets.operations.order import refuse_early_ciphertext
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.findings import Finding
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.order import Live
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


ALLOW_PLAINTEXT: Final = "MATRIX_SECRETS_ALLOW_PLAINTEXT"
"""What tells this program's own hooks that secrets in plain text were asked for."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What --commit and --push ask for, and what they may take."""

    push: bool = False
    allow_plaintext: bool = False
    assume_decryption: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """``commit`` is None where HEAD has it all already; ``pushed`` is None where no push was asked for."""

    commit: str | None
    pushed: Pushed | None


def refuse_unpublishable(
    work_tree: WorkTree,
    workspace: Workspace,
    stacks: Sequence[Stack],
    plan: Plan,
    wanted: Publication,
    live: Live | None = None,
) -> list[Finding]:
    """Refuse what could not or must not be committed or pushed: to be asked before anything is written.

    ``live`` is the cluster that Flux runs in, where it is known. Returns what to know about it. Raises RefusedError,
    and OutsideError where the remote would not take a push, or the cluster does not tell.
    """
    notes: list[Finding] = []
    if not wanted.allow_plaintext:
        refuse_plaintext(workspace, stacks, plan)
    require_committable(work_tree, [work_tree.root / file for file in plan.paths])
    if wanted.push:
        if not wanted.assume_decryption:
            notes += refuse_early_ciphertext(work_tree, stacks, plan, live)
        push(work_tree, dry_run=True, env=_told(wanted))
    return notes


def publish(work_tree: WorkTree, plan: Plan, wanted: Publication) -> Published:
    """Commit the plan's files, and nothing else, as they are on disk now; push if that is wanted.

    Raises OutsideError with Git's, a hook's or the remote's words.
    """
    paths = [work_tree.root / file for file in plan.paths]
    commit = commit_paths(work_tree, paths, plan.commit_message, _told(wanted))
    return Published(commit, push(work_tree, env=_told(wanted)) if wanted.push else None)


def _told(wanted: Publication) -> dict[str, str]:
    return {ALLOW_PLAINTEXT: "1"} if wanted.allow_plaintext else {}

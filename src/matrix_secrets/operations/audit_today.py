"""Today's values: what the work tree holds, and what HEAD holds where that is something else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from matrix_secrets.errors import MatrixSecretsError
from matrix_secrets.gitrepo.objects import Objects
from matrix_secrets.gitrepo.snapshot import commit_of, standing
from matrix_secrets.operations.audit_known import KnownValues
from matrix_secrets.operations.keys_files import sealed_files
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.stack.model import Stack


def known_today(work_tree: WorkTree, workspace: Workspace, stacks: Sequence[Stack]) -> KnownValues:
    """Gather the values in use: HEAD's, too, which the cluster runs on while a new one waits to be committed.

    Raises BadManifestError for a file of the work tree whose ``sops:`` block cannot be read.
    """
    known = KnownValues()
    known.add_today(workspace, stacks, [each.file for each in sealed_files(workspace, None)])
    state = standing(work_tree)
    if any(name.endswith((".yaml", ".yml")) for name in state.staged | state.unstaged | state.unmerged):
        with Objects(work_tree) as objects, suppress(MatrixSecretsError):
            files = commit_of(work_tree, "HEAD", objects)
            before = Workspace(work_tree.root, work_tree.git_dir, lambda: workspace.engine, files)
            known.add_today(before, find_stacks(before), [each.file for each in sealed_files(before, None)])
    return known

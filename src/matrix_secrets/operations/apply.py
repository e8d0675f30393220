"""A plan becomes files: one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets import transaction

if TYPE_CHECKING:
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.stack.workspace import Workspace


def apply_plan(workspace: Workspace, plan: Plan) -> None:
    """Write a plan's files, all or none. Raises RefusedError where one has changed meanwhile or cannot be written."""
    transaction.apply(workspace.root, workspace.state_dir, plan.writes)

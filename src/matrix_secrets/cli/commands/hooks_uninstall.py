"""``hooks uninstall``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("uninstall")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def hooks_uninstall(app: App, *, dry_run: bool) -> int:
    """Take the hooks and drivers away, and put back the hooks that stood there before."""
    from matrix_secrets.cli.hooking import carry_out_hooks  # noqa: PLC0415  --help does without
    from matrix_secrets.cli.program import program_words  # noqa: PLC0415
    from matrix_secrets.operations.hook_install import plan_uninstall  # noqa: PLC0415

    planned = plan_uninstall(app.work_tree, program_words())
    return carry_out_hooks(app, planned, dry_run=dry_run, nothing="There are no hooks of ours here.")

"""``cluster reconcile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.cli.contexts import choose_named, placing
from matrix_secrets.cli.duration import seconds

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("reconcile")
@placing
@click.option(
    "--timeout", metavar="T", callback=seconds, default="5m", show_default=True, help="How long: 90s, 5m, 1h."
)
@click.option("--dry-run", is_flag=True, help="Show what would be asked for, in which order, and ask for nothing.")
def cluster_reconcile(app: App, *, on: tuple[str, ...], timeout: float, dry_run: bool) -> int:
    """Let Flux apply what was pushed, and wait until it has.

    Waits for the commit that the upstream branch has, not merely for Ready: first the source, then every Kustomization
    up to the one that owns the stack, in the order in which they depend on each other. Where the source follows another
    branch (a protected main), it waits for the pull request. Then it looks for ciphertext in the stack's live Secrets.
    """
    from matrix_secrets.cli.reconciling import reconcile  # noqa: PLC0415  --help does without

    choose_named(app, on)
    return reconcile(app, timeout, dry_run=dry_run, on=on)

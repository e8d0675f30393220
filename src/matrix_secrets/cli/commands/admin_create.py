"""``admin create``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("create")
@click.argument("name", metavar="NAME")
@click.option("--reveal", is_flag=True, help="Print the new password where stdout is no terminal, and into --json.")
@click.option(
    "--password-fd", metavar="N", type=int, help="Take the first line of this file descriptor as password; print none."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done and do nothing.")
def admin_create(app: App, *, name: str, reveal: bool, password_fd: int | None, dry_run: bool) -> int:
    """Make the administrator NAME, with a password that is shown once.

    Registered over HTTP through the Kubernetes API server, with the registration_shared_secret that Git holds: no
    open registration and no program in the pod is needed, and nothing goes over the network in clear text. A user who
    exists stays as they are.
    """
    from matrix_secrets.cli.administrators import create  # noqa: PLC0415  kubernetes: 0.2 s

    return create(app, name, reveal=reveal, descriptor=password_fd, dry_run=dry_run)

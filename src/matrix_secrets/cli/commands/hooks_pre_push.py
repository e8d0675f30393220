"""``hooks pre-push``: what the hook runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("pre-push")
@click.argument("remote", default="origin")
@click.argument("arguments", nargs=-1, metavar="[ARGUMENT]...", type=click.UNPROCESSED)
@click.option(
    "--allow-plaintext",
    is_flag=True,
    envvar="MATRIX_SECRETS_ALLOW_PLAINTEXT",
    help="Pass secrets in plain text where they belong.",
)
def hooks_pre_push(app: App, *, remote: str, arguments: tuple[str, ...], allow_plaintext: bool) -> int:
    """Look at the commits that would be pushed; the pre-push hook runs this.

    What is pushed is read from stdin, as Git tells it, or from the pre-commit framework's variables.
    """
    from matrix_secrets.cli.hooking import hook_engine, told  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.hook_push import (  # noqa: PLC0415
        examine_pushed,
        read_updates,
        updates_of_pre_commit,
    )

    del arguments
    updates = updates_of_pre_commit(app.env)
    if not updates and not sys.stdin.isatty():
        updates = read_updates(sys.stdin.read())
    found = examine_pushed(app.work_tree, remote, updates, hook_engine(app), allow_plaintext=allow_plaintext)
    return told(app, found, "push")

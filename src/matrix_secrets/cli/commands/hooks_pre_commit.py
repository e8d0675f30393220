"""``hooks pre-commit``: what the hook runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("pre-commit")
@click.argument("arguments", nargs=-1, metavar="[ARGUMENT]...", type=click.UNPROCESSED)
@click.option(
    "--allow-plaintext",
    is_flag=True,
    envvar="MATRIX_SECRETS_ALLOW_PLAINTEXT",
    help="Pass secrets in plain text where they belong.",
)
def hooks_pre_commit(app: App, *, arguments: tuple[str, ...], allow_plaintext: bool) -> int:
    """Look at what is staged; the pre-commit hook runs this.

    Exit code 1 where a secret, a private key, a placeholder on the main branch, a broken MAC or an unfinished merge
    would be committed.
    """
    from matrix_secrets.cli.hooking import hook_engine, told  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.hook_commit import examine_staged  # noqa: PLC0415

    del arguments
    found = examine_staged(app.work_tree, hook_engine(app), allow_plaintext=allow_plaintext)
    return told(app, found, "commit")

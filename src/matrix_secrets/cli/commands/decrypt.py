"""``decrypt``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("decrypt")
@click.argument("file", metavar="FILE", type=click.Path())
def decrypt(app: App, *, file: str) -> None:
    """Print the plain text of an encrypted file.

    To stdout, in its own formatting, and nowhere else.
    """
    from matrix_secrets.operations.decrypt import decrypt_file  # noqa: PLC0415  --help does without

    name = app.file(file)
    text = decrypt_file(app.workspace, name)
    app.output.put("file", name)
    app.output.data("text", text)

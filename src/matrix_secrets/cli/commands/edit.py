"""``edit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import How, mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.errors import MatrixSecretsError


@command("edit")
@click.argument("file", metavar="FILE", type=click.Path())
@mutating
def edit(app: App, *, file: str, how: How) -> int:
    """Edit an encrypted file in your editor.

    $SOPS_EDITOR, $VISUAL, $EDITOR or vi. The plain text stands in memory only; values that you do not change keep
    their ciphertext.
    """
    from matrix_secrets.operations.edit import plan_edit  # noqa: PLC0415  --help does without

    def again(error: MatrixSecretsError) -> bool:
        if not app.asks:
            return False
        app.output.note(f"error: {error}" + (f"\nfix:   {error.hint}" if error.hint else ""))
        return app.confirm("Back to the editor? Otherwise your changes are lost.", default=True)

    plan = plan_edit(app.workspace, app.all_stacks, app.file(file), app.env, again)
    return carry_out(app, plan, how, nothing=f"{file} was not changed.")

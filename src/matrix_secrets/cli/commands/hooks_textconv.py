"""``hooks textconv``: what Git's diff driver runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.errors import MatrixSecretsError

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("textconv")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--reveal",
    is_flag=True,
    envvar="MATRIX_SECRETS_REVEAL",
    help="Show the values themselves (MATRIX_SECRETS_REVEAL=1).",
)
def hooks_textconv(app: App, *, file: str, reveal: bool) -> None:
    """Print an encrypted file as a diff shows it; Git's diff driver runs this.

    Key names, and for each value a mark that changes when the value does.
    """
    from matrix_secrets.operations.hook_textconv import mark_key, readable  # noqa: PLC0415  --help does without
    from matrix_secrets.sops.builtin import BuiltinEngine  # noqa: PLC0415

    try:
        state = app.work_tree.state_dir
    except MatrixSecretsError:  # git diff --no-index, outside of a repository
        state = None
    engine = BuiltinEngine(app.identities)
    if reveal:
        app.output.note("matrix-secrets: the values are shown, because MATRIX_SECRETS_REVEAL or --reveal asks for it")
    raw = Path(file).read_bytes()
    text = readable(raw, file, lambda encrypted: engine.opened(encrypted, file=file), mark_key(state), reveal=reveal)
    app.output.data("text", text)

"""``hooks merge``: what Git's merge driver runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App

_FILE = click.Path(exists=True, dir_okay=False)


@command("merge")
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
@click.argument("marker", type=click.IntRange(1), default=7)
@click.argument("file", default="")
@click.option(
    "--plain",
    is_flag=True,
    envvar="MATRIX_SECRETS_MERGE_PLAIN",
    help="Show a conflict in plain text (MATRIX_SECRETS_MERGE_PLAIN=1).",
)
def hooks_merge(app: App, *, base: str, ours: str, theirs: str, marker: int, file: str, plain: bool) -> int:
    """Merge two versions of an encrypted file into OURS; Git's merge driver runs this.

    By value: what did not change keeps its ciphertext, what both changed is a conflict of ciphertexts.
    """
    from matrix_secrets.cli.merging import told  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.hook_merge import Versions, merge_versions  # noqa: PLC0415
    from matrix_secrets.sops.builtin import BuiltinEngine  # noqa: PLC0415

    old, mine, other = (Path(name).read_bytes() for name in (base, ours, theirs))
    versions = Versions(file or ours, old, mine, other, marker)
    engine = BuiltinEngine(app.identities)
    merged = merge_versions(versions, lambda text: engine.opened(text, file=versions.file), plain=plain)
    return told(app, merged, versions, (Path(base), Path(ours), Path(theirs)), plain=plain)

"""``keys generate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli import questions
from matrix_secrets.cli.command import command
from matrix_secrets.cli.passphrases import known_passphrase, new_passphrase
from matrix_secrets.operations.keys_generate import generate_key

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("generate")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there; never over a file.")
@click.option("--passphrase", is_flag=True, help="Keep it under a passphrase, which every use of it then asks for.")
@click.option("--passphrase-fd", metavar="N", type=int, help="Read the passphrase from this file descriptor.")
def keys_generate(app: App, *, out: str | None, passphrase: bool, passphrase_fd: int | None) -> None:
    """Make an age identity, where sops looks for one.

    The file is readable by you only. What is printed is the recipient: the public half, which others may know. An
    identity that is there already is kept, and its recipient printed.
    """
    path = None if out is None else app.settings.start.absolute() / out
    wanted = passphrase or passphrase_fd is not None
    key = generate_key(
        app.env,
        path,
        new_passphrase=(lambda name: new_passphrase(name, passphrase_fd)) if wanted else None,
        ask=known_passphrase(passphrase_fd) if passphrase_fd is not None or questions.possible() else None,
    )
    what = "A new identity is in" if key.made else "You already have an identity in"
    app.output.note(f"{what} {key.shown}; its recipient:")
    app.output.data("recipient", "\n".join(key.recipients) + "\n")
    if key.made:
        app.output.note("Keep a copy of it in a safe place (matrix-secrets keys backup FILE): without it nobody opens")
        app.output.note("what is encrypted for it.")
    app.output.note("Next: matrix-secrets")
    app.output.put("file", str(key.path))
    app.output.put("made", key.made)
    app.output.put("recipients", list(key.recipients))

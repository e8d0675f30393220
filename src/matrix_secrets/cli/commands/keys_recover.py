"""``keys recover``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.agekeys.places import shown
from matrix_secrets.cli.command import command
from matrix_secrets.cli.drills import drilled
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.passphrases import known_passphrase
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.keys_backup import install, read_backup, worth_keeping

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("recover")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Put it there; never over a file.")
@click.option("--drill", is_flag=True, help="Only try it: what does it open? Nothing is written.")
@click.option("--passphrase-fd", metavar="N", type=int, help="Read the passphrase from this file descriptor.")
def keys_recover(app: App, *, file: str, out: str | None, drill: bool, passphrase_fd: int | None) -> None:
    """Open a backup of an identity, try it on today's files, and put it where sops looks.

    An identity that is there already is never overwritten.
    """
    start = app.settings.start.absolute()
    name = shown(start / file, app.env)
    found = worth_keeping(
        app.timed("decrypting", lambda: read_backup(start / file, name, known_passphrase(passphrase_fd)))
    )
    app.output.put("recipients", [str(each.recipient) for each in found])
    app.output.rows([Row((f"{name} holds the identity of {each.recipient.short}",), Mark.DONE) for each in found])
    done = drilled(app, found)
    if drill:
        return
    if done is not None and done.useless and not app.confirm("It opens none of these files. Install it all the same?"):
        raise RefusedError("not done: nothing was written", hint="name another backup, or another repository: -C DIR")
    installed = install(app.env, found, None if out is None else start / out)
    app.output.put("file", str(installed.path))
    app.output.put("made", installed.made)
    if installed.made:
        app.output.rows([Row((f"installed in {installed.shown}",), Mark.DONE)])
    else:
        app.output.rows([Row((f"{installed.shown} holds it already: nothing to do",), Mark.SAME)])

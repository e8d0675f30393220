"""``keys backup``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matrix_secrets.agekeys.identityfile import load_identities
from matrix_secrets.agekeys.places import shown
from matrix_secrets.cli.clusterkeys import held_by_cluster
from matrix_secrets.cli.command import command
from matrix_secrets.cli.drills import drilled
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.passphrases import known_passphrase, new_passphrase
from matrix_secrets.errors import UsageError
from matrix_secrets.operations.keys_backup import worth_keeping, write_backup
from matrix_secrets.operations.keys_holders import refuse_private_key

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("backup")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--identity", metavar="FILE", type=click.Path(dir_okay=False), help="Back this one up; else all of yours."
)
@click.option(
    "--cluster", is_flag=True, help="Back up what the cluster decrypts with: its own identity, from its Secret."
)
@click.option("--passphrase-fd", metavar="N", type=int, help="Read the passphrase from this file descriptor.")
def keys_backup(app: App, *, file: str, identity: str | None, cluster: bool, passphrase_fd: int | None) -> int:
    """Write your identity to FILE, under a passphrase, and try that it opens today's files.

    With --cluster the one that Flux decrypts with, which stands in no other place. FILE is readable by you only, and
    never written over. Any age program opens it with the passphrase.
    """
    for given in (file, identity or ""):
        refuse_private_key(given)
    path = app.settings.start.absolute() / file
    name = shown(path, app.env)
    if cluster:
        if identity is not None:
            raise UsageError("--identity and --cluster contradict each other", hint="leave one of them out")
        found = held_by_cluster(app)
    elif identity is None:
        found = list(app.unlocked())
    else:
        source = app.settings.start.absolute() / identity
        found = load_identities(source, shown(source, app.env), known_passphrase(None))
    chosen = worth_keeping(found)
    passphrase = new_passphrase(name, passphrase_fd)
    kept = app.timed("encrypting", lambda: write_backup(path, name, chosen, passphrase))
    app.output.put("file", str(path))
    app.output.put("recipients", [str(each.recipient) for each in kept])
    app.output.rows([Row((f"{name}: the identity of {each.recipient.short}",), Mark.DONE) for each in kept])
    done = drilled(app, kept)
    app.output.note(f"Keep {Path(file).name} off this machine, and the passphrase somewhere else than the file.")
    app.output.next(f"matrix-secrets keys recover {file}")
    return 1 if done is not None and done.useless else 0

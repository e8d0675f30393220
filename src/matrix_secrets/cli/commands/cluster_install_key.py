"""``cluster install-key``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating
from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("install-key")
@click.option(
    "--identity",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Install this one, instead of one of the cluster's own; the recipients stay as they are.",
)
@click.option("--new", is_flag=True, help="A new identity in the place of the cluster's present one: a rollover.")
@click.option("--prune", is_flag=True, help="End a rollover: take out identities that nothing needs any more.")
@mutating
def cluster_install_key(app: App, *, identity: str | None, new: bool, prune: bool, how: How) -> int:
    """Give the cluster an age identity that Flux decrypts with.

    By default one of its own: made now, put into the Secret that the stack's owner names (flux-system/sops-age),
    never onto a disk, and added to the recipients of the stack's rules and files. Other entries of the Secret stay.
    """
    from matrix_secrets.cli.keyinstalling import install_given, install_own, prune_keys  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.keys_holders import refuse_private_key  # noqa: PLC0415  the same

    if sum([identity is not None, new, prune]) > 1:
        raise UsageError("--identity, --new and --prune exclude each other", hint="one after the other")
    if prune:
        return prune_keys(app, how)
    if identity is not None:
        refuse_private_key(identity)
        return install_given(app, app.settings.start.absolute() / identity, how)
    return install_own(app, how, new=new)

"""``configure``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.identityoptions import identifying
from matrix_secrets.cli.options import mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How

_NOTHING: Final = "Everything is configured like that already."


@command("configure")
@identifying(required=True)
@click.option(
    "--public-baseurl",
    "public_baseurls",
    metavar="URL|DIR=URL",
    multiple=True,
    help="Synapse's URL, where it is not http://IP:PORT of its NodePort.",
)
@click.option("--force-server-name", is_flag=True, help="Change a real server_name: every user and room is orphaned.")
@mutating
def configure(
    app: App,
    *,
    server_names: tuple[str, ...],
    node_ips: tuple[str, ...],
    public_baseurls: tuple[str, ...],
    force_server_name: bool,
    how: How,
) -> int:
    """Set the server's name and URLs in every place.

    Synapse's server_name and public_baseurl, Element's base_url and server_name: each is changed where it stands, and
    nothing else in the file.
    """
    from matrix_secrets.cli.identities import identities  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.configure import plan_identities  # noqa: PLC0415  --help does without

    wanted = identities(app, server_names, node_ips, public_baseurls, force=force_server_name)
    return carry_out(app, plan_identities(app.workspace, wanted), how, nothing=_NOTHING)

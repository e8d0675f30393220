"""``configure``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("configure")
@click.option(
    "--server-name", metavar="NAME", required=True, help="What follows the colon in every Matrix ID, for ever."
)
@click.option("--node-ip", metavar="IP|auto", help="The node's address; auto asks the cluster for it.")
@click.option("--public-baseurl", metavar="URL", help="Synapse's URL, where it is not http://IP:PORT of its NodePort.")
@click.option("--force-server-name", is_flag=True, help="Change a real server_name: every user and room is orphaned.")
@mutating
def configure(
    app: App,
    *,
    server_name: str,
    node_ip: str | None,
    public_baseurl: str | None,
    force_server_name: bool,
    how: How,
) -> int:
    """Set the server's name and URLs in every place.

    Synapse's server_name and public_baseurl, Element's base_url and server_name: each is changed where it stands, and
    nothing else in the file.
    """
    from matrix_secrets.operations.configure import Identity, plan_configure  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.nodeaddress import find_node_address  # noqa: PLC0415  --help does without

    if node_ip == "auto":
        node = find_node_address(app.settings.context)
        app.output.note(f"Node {node.node} has INTERNAL-IP {node.address}.")
        node_ip = node.address
    identity = Identity(server_name, node_ip, public_baseurl, force_server_name)
    plan = plan_configure(app.workspace, app.stacks, identity)
    return carry_out(app, plan, how, nothing="Everything is configured like that already.")

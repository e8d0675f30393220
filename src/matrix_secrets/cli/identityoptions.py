"""The options that say who a server is and where it stands: ``--server-name`` and ``--node-ip``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def identifying(*, required: bool) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Add both; the command gets all their values as ``server_names`` and ``node_ips``."""
    name = click.option(
        "--server-name",
        "server_names",
        metavar="NAME|DIR=NAME",
        multiple=True,
        required=required,
        help="What follows the colon in every Matrix ID, for ever; DIR=NAME for each of several stacks.",
    )
    address = click.option(
        "--node-ip",
        "node_ips",
        metavar="IP|auto|DIR=IP",
        multiple=True,
        help="The node's address; auto asks the cluster for it; DIR=IP where a stack has its own.",
    )
    return lambda function: name(address(function))

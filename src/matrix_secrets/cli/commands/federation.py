"""``federation allow``, ``federation off``, ``federation all``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("allow")
@click.argument("servers", metavar="SERVER...", nargs=-1, required=True)
@mutating
def federation_allow(app: App, *, servers: tuple[str, ...], how: How) -> int:
    """Federate with these servers only.

    Writes federation_domain_whitelist in homeserver.yaml; servers that are not named lose their place in it. Synapse
    restarts with it. "allow off" and "allow all" are the same as the commands of these names.
    """
    match servers:
        case ("off",):
            return _federate(app, (), how)
        case ("all",):
            return _federate(app, None, how)
        case _:
            return _federate(app, tuple(dict.fromkeys(servers)), how)


@command("off")
@mutating
def federation_off(app: App, *, how: How) -> int:
    """Federate with nobody.

    Writes federation_domain_whitelist: []. What the guide writes for it has no effect: federation_rcv_ignore_list is
    no option of Synapse, and an empty federation_sender_instances only says that no worker sends; Synapse then sends
    itself.
    """
    return _federate(app, (), how)


@command("all")
@mutating
def federation_all(app: App, *, how: How) -> int:
    """Federate with everybody: Synapse's default.

    Takes federation_domain_whitelist out of homeserver.yaml.
    """
    return _federate(app, None, how)


def _federate(app: App, servers: Sequence[str] | None, how: How) -> int:
    from matrix_secrets.operations.federation import plan_federation  # noqa: PLC0415  --help does without

    plan = plan_federation(app.workspace, app.stacks, servers, pushed=how.push)
    return carry_out(app, plan, how, nothing="Federation is like that already.")

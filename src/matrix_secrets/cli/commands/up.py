"""``up``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.cli.contexts import choose_named, placing
from matrix_secrets.cli.duration import seconds
from matrix_secrets.cli.identityoptions import identifying

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("up")
@identifying(required=False)
@placing
@click.option("--admin", metavar="NAME", default="admin", show_default=True, help="The first administrator.")
@click.option("--no-admin", is_flag=True, help="Make no administrator.")
@click.option("--reveal", is_flag=True, help="Print the administrator's password where stdout is no terminal.")
@click.option("--keep-registration-open", is_flag=True, help="Leave registration as it is.")
@click.option("--no-seal", is_flag=True, help="Leave the secrets in Synapse's ConfigMap, too.")
@click.option("--offline", is_flag=True, help="The repository's part only: ask no cluster, push nothing.")
@click.option(
    "--timeout", metavar="T", callback=seconds, default="10m", show_default=True, help="For each wait: 90s, 5m, 1h."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done and do nothing.")
def up(app: App, *, on: tuple[str, ...], timeout: float, dry_run: bool, **options: object) -> int:
    """The whole guide, from placeholders to an administrator who can log in.

    Asks for the server's name, the node's address, and whether this cluster is the one; everything else has a default
    that is shown first. Then: an age identity, a key of the cluster's own, Flux's order to decrypt, pushed and in
    force; name, addresses and secrets, sealed and encrypted, pushed and applied; the database, the pods, Synapse and
    Element, the administrator, and a last look. Every step looks first: run again, it goes on where it stopped. Without
    a cluster it does the repository's part and says what remains. Several stacks, on one cluster or each on its own
    (--on), go through it together: one table, two commits, each file encrypted for the cluster that applies it.
    """
    from matrix_secrets.cli.upoptions import Options  # noqa: PLC0415  --help does without
    from matrix_secrets.cli.upping import lead  # noqa: PLC0415  --help does without

    choose_named(app, on)
    return lead(app, Options.of(app, options, on=on, patience=timeout), dry_run=dry_run)

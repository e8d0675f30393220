"""``seal``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import deployment, mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("seal")
@click.option("--synapse-version", metavar="V", help="Synapse's version, where its image does not say it.")
@deployment
@mutating
def seal(app: App, *, synapse_version: str | None, deployed: bool | None, how: How) -> int:
    """Keep every secret in one place: homeserver.yaml names files, and holds none.

    The values stay in the Secret. Synapse reads them from a volume, PGPASSWORD gives it the database's; workers and
    init containers get the same. PostgreSQL and Synapse get strategy Recreate, a deployed stack in two steps: seal,
    push, and seal again once Flux has applied it. Needs Synapse 1.126 or newer.
    """
    from matrix_secrets.operations.deployment import PublishedTree  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.seal import plan_seal  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.seal_version import read_version  # noqa: PLC0415  --help does without

    tree = PublishedTree(app.work_tree, app.workspace, deployed=deployed)
    plan = plan_seal(app.workspace, app.stacks, tree, read_version(synapse_version))
    return carry_out(app, plan, how, nothing="Every secret stands in one place already.")

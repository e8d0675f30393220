"""``turn enable``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("enable")
@click.option("--host", metavar="H", help="The TURN server's name or address for clients; else that of public_baseurl.")
@click.option(
    "--directory",
    metavar="DIR",
    default="infrastructure/coturn",
    show_default=True,
    help="Where coturn's manifests go, from the repository's root.",
)
@mutating
def turn_enable(app: App, *, host: str | None, directory: str, how: How) -> int:
    """Relay calls: coturn beside the stack, its secret managed.

    Synapse gets turn_uris and turn_shared_secret; the secret is declared in .matrix-secrets.yaml and generated, so that
    show, verify and rotate know it. coturn reads it from the stack's own Secret, and restarts when it changes. A Flux
    Kustomization for coturn is added beside the stack's.
    """
    from matrix_secrets.cli.relaying import enable  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.turn import Wanted  # noqa: PLC0415  --help does without

    return enable(app, Wanted(host, directory), how)

"""``new``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App


@command("new")
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--server-name", metavar="NAME", help="What follows the colon in every Matrix ID, for ever.")
@click.option("--node-ip", metavar="IP|auto", help="The node's address; auto asks the cluster for it.")
@click.option("--cluster", metavar="NAME", default="home", show_default=True, help="The directory below clusters/.")
@click.option("--age", metavar="R,...", help="Who can open the secrets; else the local identities.")
@click.option("--dry-run", is_flag=True, help="Show the files and write none.")
@click.option("--commit", is_flag=True, help="Commit them.")
def new(app: App, *, directory: Path, age: str | None, dry_run: bool, commit: bool, **wanted: str) -> int:
    """Make a complete repository for Flux in DIR.

    PostgreSQL, Synapse and Element Web in the sealed layout, with probes, resources, pinned images and registration
    closed; the Kustomization that applies them, with decryption; .sops.yaml, .gitignore. Where there is an age
    identity, the secrets are generated and encrypted, too, and never stand on the disk in plain text, and Git's hooks
    are installed. DIR must be empty, or not be there.
    """
    from matrix_secrets.cli.creating import create  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.newrepository import Wanted  # noqa: PLC0415  --help does without

    return create(app, app.settings.start / directory, Wanted(**wanted), age, dry_run=dry_run, commit=commit)

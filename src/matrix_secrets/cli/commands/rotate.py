"""``rotate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import command
from matrix_secrets.cli.completing import secret_names
from matrix_secrets.cli.duration import seconds
from matrix_secrets.cli.options import deployment, mutating
from matrix_secrets.cli.rotationmode import Mode, mode_of

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("rotate")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=secret_names)
@click.option("--status", is_flag=True, help="Say where a rotation stands, and how to go on.")
@click.option("--resume", is_flag=True, help="Bring a rotation to its end: the new values everywhere.")
@click.option("--abort", is_flag=True, help="Give a rotation up: the old values everywhere.")
@click.option("--heal", is_flag=True, help="Make the database accept the password that Git holds; nothing is lost.")
@click.option("--offline", is_flag=True, help="Change the files only, and say what remains to be done.")
@click.option(
    "--timeout", metavar="T", callback=seconds, default="10m", show_default=True, help="How long each wait may take."
)
@deployment
@mutating
def rotate(app: App, *, names: tuple[str, ...], timeout: float, deployed: bool | None, how: How, **mode: bool) -> int:
    """Give secrets new values, in Git, the cluster and the database.

    NAME as for generate; without one, every managed secret. Shows first where each stands, what restarts, who notices
    what and for how long; then asks. Whatever interrupts it, --resume or --abort gets home, from any machine.
    """
    from matrix_secrets.cli import rotating, rotatingonline, rotation  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.rotation.choosing import refuse_signing_keys  # noqa: PLC0415
    from matrix_secrets.operations.rotation.world import Side  # noqa: PLC0415

    refuse_signing_keys(names)
    match mode_of(mode, names, how):
        case Mode.OFFLINE:
            return rotating.rotate_offline(app, names, deployed, how)
        case Mode.STATUS:
            return rotation.status(app, timeout)
        case Mode.RESUME:
            return rotation.go_on(app, Side.NEW, timeout, dry_run=how.dry_run)
        case Mode.ABORT:
            return rotation.go_on(app, Side.OLD, timeout, dry_run=how.dry_run)
        case Mode.HEAL:
            return rotatingonline.heal_online(app, how, timeout)
        case Mode.ONLINE:
            return rotatingonline.rotate_online(app, names, how, timeout)

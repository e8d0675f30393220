"""``generate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.completing import secret_names
from matrix_secrets.cli.options import mutating

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("generate")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=secret_names)
@mutating
def generate(app: App, *, names: tuple[str, ...], how: How) -> int:
    """Fill every secret that is missing or a placeholder.

    NAME is a Secret's key, any case, SYNAPSE_ optional: postgres_password. The same value goes to all places of a
    secret; a real value is never touched.
    """
    from matrix_secrets.operations.generate import plan_generate  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.sealing import RuleSealing  # noqa: PLC0415  --help does without

    plan = plan_generate(app.workspace, app.stacks, names, sealing=RuleSealing(app.workspace))
    return carry_out(app, plan, how, nothing="Every secret has a real value already.")

"""``encrypt``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.options import mutating
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.operations.coverage import Named


@command("encrypt")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path())
@click.option("--age", metavar="R,...", help="Recipients for files that no rule covers yet; yours if left out.")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if anything secret is in plain text.")
@mutating
def encrypt(app: App, *, files: tuple[str, ...], age: str | None, check: bool, how: How) -> int:
    """Encrypt every file that holds secrets, and a rule for it.

    Without FILE: every file of the stack that holds a secret, the ConfigMap that repeats them included. A rule that
    is missing is added to .sops.yaml; one that is there is never changed. Files keep their formatting.
    """
    from matrix_secrets.operations.encrypt import plan_encrypt  # noqa: PLC0415  --help does without
    from matrix_secrets.operations.readers import named_recipients, own_recipients  # noqa: PLC0415  --help does without

    named = [app.file(file) for file in files]
    if check:
        return _check(app, named)

    def own() -> Sequence[Named]:
        # Whoever has only an identity under a passphrase is asked for it: its recipient stands nowhere else.
        return own_recipients(app.known_identities, app.work_tree) or own_recipients(app.discovered, app.work_tree)

    recipients = named_recipients(age or "", own)
    plan = plan_encrypt(app.workspace, app.stacks, named, recipients=recipients, own=lambda _: own())
    return carry_out(app, plan, how, nothing="Everything that is secret is encrypted already.")


def _check(app: App, files: list[str]) -> int:
    from matrix_secrets.operations.check_encrypted import check_encrypted  # noqa: PLC0415  --help does without

    found = check_encrypted(app.workspace, app.stacks, app.rules, files)
    app.output.findings(found)
    if not found:
        app.output.rows([Row(("No secret is in plain text.",), Mark.DONE)])
    return 1 if found else 0

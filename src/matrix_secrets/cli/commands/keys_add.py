"""``keys add``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.options import mutating
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.operations.keys_add import Newcomer, plan_add, rule_numbers, rules_of_stacks

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("add")
@click.argument("name")
@click.argument("recipient")
@click.option("--rule", "rules", metavar="N", type=int, multiple=True, help="Only this rule, from 1; may be repeated.")
@mutating
def keys_add(app: App, *, name: str, recipient: str, rules: tuple[int, ...], how: How) -> int:
    """Let somebody read the encrypted files.

    RECIPIENT is their public key: age1..., or an ssh key in quotes. It is added to every rule of .sops.yaml that covers
    the stack, with NAME behind it, and to every file of those rules. No value changes, so nothing restarts.
    """
    newcomer = Newcomer.of(name, recipient)
    work = KeyWork(app)
    chosen = rule_numbers(app.rules, rules) if rules else rules_of_stacks(work.files, work.chosen)
    plan = work.counted(
        "adding to file",
        lambda told: plan_add(work.workspace, app.rules, work.files, newcomer, chosen, work.rekeying, told),
    )
    shown = f"{newcomer.name} ({newcomer.recipient.short})"
    code = carry_out(
        app,
        plan,
        how,
        nothing=f"{shown} reads all of these already: nothing to do.",
        stacks=work.all_stacks if how.push else (),
    )
    read_back = sum(change.action == "readers changed" for change in plan.changes)
    if read_back:
        files = "1 file" if read_back == 1 else f"{read_back} files"
        text = f"{files} read back: {newcomer.name} is a recipient; data key and values are as they were"
        app.output.rows([Row((text,), Mark.DONE)])
    return code

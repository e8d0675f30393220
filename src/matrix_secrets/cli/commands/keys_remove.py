"""``keys remove``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.clusterkeys import held_recipients
from matrix_secrets.cli.command import command
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.offboarding import tell, what_they_know
from matrix_secrets.cli.options import mutating
from matrix_secrets.cli.renewaloptions import renewing
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.keys_holders import named
from matrix_secrets.operations.keys_remove import left_for, plan_remove, refuse_cluster

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.cli.renewaloptions import Ways


@command("remove")
@click.argument("name")
@click.option("--force-cluster", is_flag=True, help="Take off the cluster's key, too, although Flux decrypts with it.")
@click.option("--live", is_flag=True, help="Ask the cluster which keys it decrypts with, instead of going by names.")
@renewing
@mutating
def keys_remove(app: App, *, name: str, force_cluster: bool, live: bool, ways: Ways | None, how: How) -> int:
    """Take somebody off every encrypted file, so that it really ends.

    NAME is a name of .sops.yaml, or a recipient. They leave every rule, and each file that they read gets a new data
    key, whichever stack it belongs to. What they know already, and what no key can end, is listed. --rotate replaces
    the managed secrets among it: of a stack that runs in a cluster there, as the command rotate does.
    """
    work = KeyWork(app)
    leaving = named(work.holders, name)
    refuse_cluster(leaving, force=force_cluster, held=held_recipients(app) if live else None)
    question = left_for(work.files, leaving, work.holders)
    if question is not None and not how.dry_run and not app.confirm(question):
        raise RefusedError("not done: nothing was changed", hint="matrix-secrets keys list shows who else reads what")
    known = what_they_know(app, work, {holder.key for holder in leaving})
    if ways is not None:
        from matrix_secrets.cli.renewing import remove_and_rotate  # noqa: PLC0415  not for a mere removal

        return remove_and_rotate(app, work, leaving, known, how, ways)
    texts = {each.file: each.text for each in work.files if each.file in known[1].open_files}
    removal = work.counted(
        "new data key for file",
        lambda told: plan_remove(work.workspace, app.rules, work.files, leaving, work.rekeying, told, texts=texts),
    )
    who = leaving[0].shown
    stacks = work.all_stacks if how.push else ()
    code = carry_out(app, removal.plan, how, nothing=f"{who} is in no rule and in no file.", stacks=stacks)
    tell(app, leaving[0].name or who, leaving[0].key, removal.grafts, known)
    return code

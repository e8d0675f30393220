"""``rotate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.command import command
from matrix_secrets.cli.completing import secret_names
from matrix_secrets.cli.options import deployment, mutating
from matrix_secrets.errors import RefusedError

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How


@command("rotate")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=secret_names)
@click.option("--offline", is_flag=True, help="Change the files only, and say what remains to be done.")
@deployment
@mutating
def rotate(app: App, *, names: tuple[str, ...], offline: bool, deployed: bool | None, how: How) -> int:
    """Give secrets new values, in every place.

    NAME as for generate; without one, every managed secret. Shows first where each stands, what restarts, who notices
    what and for how long; then asks. A new database password has to be told to the database, too.
    """
    from matrix_secrets.cli.ageing import ages_of  # noqa: PLC0415  --help does without
    from matrix_secrets.cli.keywork import KeyWork  # noqa: PLC0415  --help does without
    from matrix_secrets.cli.rotating import question, tell_consequences, tell_remaining  # noqa: PLC0415
    from matrix_secrets.operations.deployment import PublishedTree  # noqa: PLC0415
    from matrix_secrets.operations.rotation.choosing import refuse_signing_keys  # noqa: PLC0415
    from matrix_secrets.operations.rotation.planning import plan_rotation  # noqa: PLC0415
    from matrix_secrets.operations.rotation.remaining import refuse_push, remaining  # noqa: PLC0415
    from matrix_secrets.operations.sealing import RuleSealing  # noqa: PLC0415

    refuse_signing_keys(names)
    if not offline and not how.dry_run:
        hint = f"matrix-secrets rotate --offline{''.join(f' {name}' for name in names)} changes the files"
        raise RefusedError("rotating in a running cluster is not part of this version", hint=hint)
    work = KeyWork(app)  # many files are read without a process for each
    space, stacks = work.workspace, work.stacks
    rotation = app.timed("planning", lambda: plan_rotation(space, stacks, names, sealing=RuleSealing(space)))
    if how.push:
        refuse_push(rotation, PublishedTree(app.work_tree, space, deployed=deployed))
    few = [(each.stack, each.secret) for each in rotation.turned] if len(rotation.stacks) == 1 else []
    tell_consequences(app, rotation, ages_of(app, few))
    if not how.dry_run and not app.confirm(question(rotation)):
        raise RefusedError("not done: nothing was changed", hint="--dry-run shows the plan")
    code = carry_out(app, rotation.plan, how, nothing="There is no managed secret here.", stacks=stacks)
    done = not how.dry_run
    steps = remaining(space, rotation, committed=how.commit and done, pushed=how.push and done)
    tell_remaining(app, steps, done=done)
    return code

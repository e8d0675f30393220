"""What a leaver knows of stacks that run in a cluster, replaced there by ``rotate``'s own steps, a stack at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from matrix_secrets.cli.offboarding import exposed_as_json, rotated_as_json, tell_replaced
from matrix_secrets.cli.reconciling import wait_for_stack
from matrix_secrets.cli.rotating import tell_consequences
from matrix_secrets.cli.rotatingonline import by_itself, cluster_or, drive_online
from matrix_secrets.cli.rotation import Telling, new_bench, watched
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.operations.replacement import rotation_of
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH
from matrix_secrets.operations.rotation.preflight import preflight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.operations.keys_history import Exposed
    from matrix_secrets.operations.keys_renewal import Renewal
    from matrix_secrets.operations.rotation.model import Rotation


def examined(app: App, who: str, renewal: Renewal, how: How, patience: float) -> tuple[Renewal, str]:
    """Tell what the rotations do and try whether each can begin, before anything is changed; return the question.

    Raises RefusedError or OutsideError where one cannot.
    """
    renewal = replace(renewal, online=tuple(by_itself(app, rotation) for rotation in renewal.online))
    tell_consequences(app, renewal.all, {})
    if how.dry_run:
        return renewal, ""
    files = "add --offline to change the files only; without --rotate the values stay, to be rotated later"
    cluster = cluster_or(app, files)
    for rotation in renewal.online:
        _try(app, rotation, patience)
    where = f"{cluster.where}, stack by stack" if len(renewal.online) > 1 else cluster.where
    asked = f"Take {who} off, push that, and rotate on {where}?"
    return renewal, f"{asked} It pushes to {ROTATION_BRANCH} and to the branch that Flux follows."


def _try(app: App, rotation: Rotation, patience: float) -> None:
    (stack,) = rotation.stacks
    try:
        bench = new_bench(app, stack.directory, head_commit(app.work_tree) or "HEAD", patience)
        watched(app, bench, partial(preflight, bench, tuple(each.secret.name for each in rotation.turned)))
    except (OutsideError, RefusedError) as error:
        otherwise = f"or first without --rotate, then (--context names another cluster) {rotation_of(rotation)}"
        hint = f"{error.hint}; {otherwise}" if error.hint else otherwise
        raise type(error)(error.message, cause=error.cause, hint=hint, place=error.place) from None


def would_rotate(app: App, renewal: Renewal) -> None:
    """Show what would follow the removal."""
    for rotation in renewal.online:
        app.output.rows([], f"Then this would change, in the cluster and in the files of {rotation.stacks[0].label}:")
        app.output.changes(rotation.plan.changes, done=False)
    app.output.put("rotated", [rotated_as_json(each) for each in renewal.all.turned])


def rotate_all(app: App, who: str, renewal: Renewal, exposed: Sequence[Exposed], patience: float) -> None:
    """Rotate one stack after the other, each once Flux has applied what was pushed.

    However it ends, the commands for what was not begun are told as those that come next.
    """
    waiting = list(renewal.online)
    done: list[Rotation] = []
    telling = Telling(app)
    try:
        for rotation in renewal.online:
            (stack,) = rotation.stacks
            app.reread()
            wait_for_stack(app, stack, patience)
            drive_online(app, stack.directory, rotation, patience, telling, begun=lambda: waiting.pop(0))
            done.append(rotation)
            tell_replaced(app, who, rotation.turned)
    finally:
        so_far = replace(renewal, online=tuple(done))
        app.output.put("rotated", [rotated_as_json(each) for each in so_far.all.turned])
        app.output.put("left", [exposed_as_json(each) for each in so_far.left(exposed)])
        app.output.next(*(rotation_of(each) for each in waiting))

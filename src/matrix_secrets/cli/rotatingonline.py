"""``rotate`` and ``rotate --heal`` in a running cluster, from the question to the end."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.cli.ageing import ages_of
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.rotating import tell_consequences
from matrix_secrets.cli.rotation import Telling, finish, new_bench, watched
from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.operations.exposure import refuse_plaintext
from matrix_secrets.operations.rotation.beginning import begin
from matrix_secrets.operations.rotation.healing import examine, heal
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH
from matrix_secrets.operations.rotation.planning import plan_rotation
from matrix_secrets.operations.rotation.world import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.operations.rotation.model import Rotation
    from matrix_secrets.stack.model import Stack

_SURE = "not done: nothing was changed"


def rotate_online(app: App, names: tuple[str, ...], how: How, patience: float) -> int:
    """Rotate in the cluster: consequences, question, preflight, preparation, and then step by step."""
    work = KeyWork(app)
    stack = _one(work.stacks)
    rotation = app.timed("planning", lambda: plan_rotation(work.workspace, [stack], names))
    rotation = by_itself(app, rotation)
    tell_consequences(app, rotation, ages_of(app, [(each.stack, each.secret) for each in rotation.turned]))
    if not how.allow_plaintext:
        refuse_plaintext(work.workspace, [stack], rotation.plan)
    if how.dry_run:
        app.output.rows([], "This would change (--dry-run: nothing was changed):")
        app.output.changes(rotation.plan.changes, done=False)
        return 0
    files = f"matrix-secrets rotate --offline{''.join(f' {name}' for name in names)} changes the files only"
    cluster = cluster_or(app, files)
    question = f"Rotate on {cluster.where}? It pushes to {ROTATION_BRANCH} and to the branch that Flux follows."
    if not app.confirm(question):
        raise RefusedError(_SURE, hint="--dry-run shows the plan")
    return drive_online(app, stack.directory, rotation, patience, Telling(app))


def drive_online(
    app: App,
    directory: str,
    rotation: Rotation,
    patience: float,
    telling: Telling,
    begun: Callable[[], object] = lambda: None,
) -> int:
    """Rotate a stack to these values, all questions being answered; ``begun`` is called once it can be resumed."""
    bench = new_bench(app, directory, head_commit(app.work_tree) or "HEAD", patience)
    values = {each.secret.name: each.new for each in rotation.turned}
    watched(app, bench, lambda: begin(bench, values, telling.row))
    begun()
    return finish(app, bench, Side.NEW, telling)


def heal_online(app: App, how: How, patience: float) -> int:
    """Make the database accept the password that Git holds."""
    stack = _one(KeyWork(app).stacks)
    bench = new_bench(app, stack.directory, head_commit(app.work_tree) or "HEAD", patience)
    found = watched(app, bench, lambda: examine(bench))
    app.output.put("accepted", found.accepted)
    if found.accepted:
        app.output.rows([Row(("the database accepts the password that Git holds",), Mark.SAME)])
    else:
        text = f"{found.role.where} does not accept the password that Git holds"
        app.output.rows([Row((text,), Mark.BAD)])
        question = f"ALTER ROLE {found.role.name} on {app.cluster.where}? Nothing is lost, nothing restarts."
        if not how.dry_run and not app.confirm(question):
            raise RefusedError(_SURE)
    if how.dry_run:
        return 0
    begun = time.monotonic()
    said = watched(app, bench, lambda: heal(bench, found))
    Telling(app).row("healed", said, time.monotonic() - begun)
    return 0


def by_itself(app: App, rotation: Rotation) -> Rotation:
    """Where pods have no digests yet they get some with the rotation: then they restart by themselves."""
    if all(each.effects.by_itself for each in rotation.turned):
        return rotation
    app.output.note(
        "The pod templates get digests with it, so that pods restart by themselves; Element restarts once, too."
    )
    turned = tuple(replace(each, effects=replace(each.effects, by_itself=True)) for each in rotation.turned)
    return replace(rotation, turned=turned)


def cluster_or(app: App, otherwise: str) -> Connection:
    """Return the cluster. Raises OutsideError that names what can be done without one."""
    try:
        return app.cluster
    except OutsideError as error:
        hint = f"{error.hint}; {otherwise}" if error.hint else otherwise
        raise OutsideError(error.message, cause=error.cause, hint=hint) from None


def _one(stacks: list[Stack]) -> Stack:
    if len(stacks) == 1:
        return stacks[0]
    raise RefusedError(
        f"a rotation in a cluster is of one stack at a time, not of {len(stacks)}",
        hint=f"matrix-secrets rotate --stack {stacks[0].label}, then the next; --offline changes the files of all",
    )

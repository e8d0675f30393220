"""``keys remove --rotate``: what the leaver knows, replaced with the removal, or in the cluster right after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.offboarding import tell
from matrix_secrets.cli.rotating import question, tell_consequences, tell_remaining
from matrix_secrets.cli.rotationmode import mode_of
from matrix_secrets.errors import RefusedError
from matrix_secrets.operations.deployment import PublishedTree
from matrix_secrets.operations.keys_remove import plan_remove
from matrix_secrets.operations.keys_renewal import joined, plan_renewal
from matrix_secrets.operations.rotation.remaining import refuse_push, remaining

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.keywork import KeyWork
    from matrix_secrets.cli.options import How
    from matrix_secrets.cli.renewaloptions import Ways
    from matrix_secrets.operations.keys_history import History
    from matrix_secrets.operations.keys_holders import Holder
    from matrix_secrets.operations.keys_renewal import Renewal
    from matrix_secrets.operations.keys_values import Holding


def remove_and_rotate(
    app: App, work: KeyWork, leaving: Sequence[Holder], known: tuple[Holding, History], how: How, ways: Ways
) -> int:
    """Take somebody off and replace what they know: what runs in a cluster there, all else in the same transaction."""
    published = PublishedTree(app.work_tree, work.workspace, deployed=ways.deployed)
    renewal = app.timed(
        "planning",
        lambda: plan_renewal(
            work.workspace,
            work.all_stacks,
            known[1].exposed,
            lambda stack: not ways.offline and published.deployment_of(stack) is not None,
        ),
    )
    if renewal.online:
        mode_of({}, (), how)  # a rotation in a cluster pushes by itself, and asks before
        how = replace(how, commit=not how.dry_run, push=not how.dry_run)
    elif how.push:
        refuse_push(renewal.here, published)
    texts = renewal.texts(work.workspace, work.files, known[1].open_files)
    removal = work.counted(
        "new data key for file",
        lambda told: plan_remove(work.workspace, app.rules, work.files, leaving, work.rekeying, told, texts=texts),
    )
    removal = joined(removal, renewal)
    who = leaving[0].name or leaving[0].shown
    if renewal.all.turned:
        renewal = _agreed(app, who, renewal, how, ways.patience)
    stacks = work.all_stacks if how.push else renewal.here.stacks
    carry_out(app, removal.plan, how, nothing=f"{leaving[0].shown} is in no rule and in no file.", stacks=stacks)
    done = not how.dry_run
    tell(app, who, leaving[0].key, removal.grafts, known, renewal, done=done)
    if renewal.online:
        from matrix_secrets.cli.renewingonline import rotate_all, would_rotate  # noqa: PLC0415  kubernetes: 0.2 s

        if how.dry_run:
            would_rotate(app, renewal)
        else:
            rotate_all(app, who, renewal, known[1].exposed, ways.patience)
    if renewal.here.turned:
        steps = remaining(work.workspace, renewal.here, committed=how.commit and done, pushed=how.push and done)
        tell_remaining(app, steps, done=done)
    return 0


def _agreed(app: App, who: str, renewal: Renewal, how: How, patience: float) -> Renewal:
    """Tell what the new values do, and ask, once. Raises RefusedError where the answer is no."""
    if not renewal.online:
        tell_consequences(app, renewal.all, {})
        asked = question(renewal.all)
    else:
        from matrix_secrets.cli.renewingonline import examined  # noqa: PLC0415  kubernetes: 0.2 s

        renewal, asked = examined(app, who, renewal, how, patience)
    if not how.dry_run and not app.confirm(asked):
        raise RefusedError(
            "not done: nothing was changed", hint=f"--dry-run shows the plan; without --rotate {who} is only taken off"
        )
    return renewal

"""A plan on its way: shown, applied, committed, pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.findings import Finding
    from matrix_secrets.operations.order import Live
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.operations.publishing import Published
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Before:
    """What a command does in the cluster before it writes files, and the recipients that the cluster then holds."""

    act: Callable[[], None]
    gaining: tuple[str, ...] = ()


def carry_out(
    app: App,
    plan: Plan,
    how: How,
    *,
    nothing: str,
    stacks: Sequence[Stack] | None = None,
    before: Before | None = None,
) -> int:
    """Apply a plan, or with --dry-run only show it; ``nothing`` is the one line for a plan without changes.

    What --commit and --push could not do is refused before anything is written, here or in the cluster.
    """
    notes: list[Finding] = []
    if how.commit:
        from matrix_secrets.operations.publishing import refuse_unpublishable  # noqa: PLC0415  GitPython: 0.1 s

        chosen = app.stacks if stacks is None else stacks
        live = _live(app, before) if how.push else None
        notes = refuse_unpublishable(app.work_tree, app.workspace, chosen, plan, how.publication, live)
    if before is not None and not how.dry_run:
        before.act()
    if plan.empty:
        app.output.rows([Row((nothing,), Mark.SAME)])
    elif how.dry_run:
        app.output.rows([], "This would change (--dry-run: nothing was changed):")
        app.output.changes(plan.changes, done=False)
    else:
        from matrix_secrets.operations.apply import apply_plan  # noqa: PLC0415  not for plans that change nothing

        app.timed("writing", lambda: apply_plan(app.workspace, plan))
        app.output.changes(plan.changes, done=True)
    app.output.notes([*notes, *plan.notes])
    if how.commit:
        _publish(app, plan, how)
    if not plan.empty and not how.dry_run:
        app.output.next(*plan.next_commands)
    return 0


def _live(app: App, before: Before | None) -> Live | None:
    """The cluster to ask before a push; None where nobody has said which one it is."""
    from matrix_secrets.operations.order import Live  # noqa: PLC0415  GitPython: 0.1 s

    return Live(lambda: app.cluster, before.gaining if before else ()) if app.cluster_named else None


def _publish(app: App, plan: Plan, how: How) -> None:
    if how.dry_run:
        app.output.rows([Row((f"would be committed as: {_subject(plan)}",), Mark.SAME)])
        return
    from matrix_secrets.operations.publishing import publish  # noqa: PLC0415  GitPython: 0.1 s

    done = publish(app.work_tree, plan, how.publication)
    app.output.put("commit", done.commit)
    app.output.rows([Row((text,), mark) for text, mark in _told(plan, done)])


def _told(plan: Plan, done: Published) -> list[tuple[str, Mark]]:
    if done.commit is None:
        lines = [("nothing to commit: HEAD has it all", Mark.SAME)]
    else:
        lines = [(f"committed {done.commit[:8]}: {_subject(plan)}", Mark.DONE)]
    if done.pushed is not None:
        where = f"{done.pushed.remote}, {done.pushed.ref.removeprefix('refs/heads/')}"
        lines.append((f"pushed to {where}", Mark.DONE) if done.pushed.changed else (f"{where} has it all", Mark.SAME))
    return lines


def _subject(plan: Plan) -> str:
    return plan.commit_message.partition("\n")[0]

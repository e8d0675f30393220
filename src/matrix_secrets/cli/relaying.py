"""``turn enable``: manifests and options, then the secret, then its file; committed together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matrix_secrets.cli.carryout import carry_out
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.errors import UsageError
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.sealing import RuleSealing
from matrix_secrets.operations.turn import SECRET, Wanted, plan_turn
from matrix_secrets.stack.model import Layout

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.operations.plan import Plan


def enable(app: App, wanted: Wanted, how: How) -> int:
    """Carry it out. What --commit and --push could not do is refused before anything is written."""
    if len(app.stacks) != 1:
        raise UsageError("a TURN server's secret belongs to one stack", hint="say which: --stack DIR")
    plan = plan_turn(app.workspace, app.stacks[0], wanted)
    if how.commit:
        from matrix_secrets.operations.publishing import refuse_unpublishable  # noqa: PLC0415  GitPython: 0.1 s

        refuse_unpublishable(app.work_tree, app.workspace, app.stacks, plan, how.publication)
    if how.dry_run:
        code = carry_out(app, plan, how, nothing="Synapse and coturn know each other already.")
        app.output.rows([Row((f"then {SECRET} would be generated, where it is missing",), Mark.SAME)])
        return code
    if not plan.empty:
        app.timed("writing", lambda: apply_plan(app.workspace, plan))
        app.output.changes(plan.changes, done=True)
    app.output.notes(plan.notes)
    app.reread()
    filled = plan_generate(app.workspace, app.stacks, [SECRET], sealing=RuleSealing(app.workspace))
    if app.stacks[0].layout is Layout.SEALED:
        filled = _with_file(app, filled)
    following = filled.next_commands if filled.writes else plan.next_commands if plan.writes else ()
    paths = tuple(dict.fromkeys((*plan.paths, *filled.paths)))
    done = replace(filled, paths=paths, commit_message=plan.commit_message, next_commands=following)
    nothing = "Synapse and coturn know each other already." if plan.empty else f"{SECRET} has a real value already."
    return carry_out(app, done, how, nothing=nothing)


def _with_file(app: App, filled: Plan) -> Plan:
    """Write the value, and plan the file that Synapse reads it from: the sealed layout has none in its options."""
    from matrix_secrets.operations.deployment import PublishedTree  # noqa: PLC0415  GitPython: 0.1 s
    from matrix_secrets.operations.seal import plan_seal  # noqa: PLC0415  the same

    if not filled.empty:
        app.timed("writing", lambda: apply_plan(app.workspace, filled))
        app.output.changes(filled.changes, done=True)
        app.output.notes(filled.notes)
        app.reread()
    sealed = plan_seal(app.workspace, app.stacks, PublishedTree(app.work_tree, app.workspace))
    return replace(sealed, paths=(*filled.paths, *sealed.paths))

"""The bare ``matrix-secrets``: where the repository stands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from matrix_secrets.cli.command import command
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.terminal import Mark

if TYPE_CHECKING:
    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.status import Point, Standing


@command("status")
def status(app: App) -> None:
    """Say where the repository stands, and the next command."""
    from matrix_secrets.agekeys.places import shown  # noqa: PLC0415  --help does without
    from matrix_secrets.gitrepo.locate import current_branch  # noqa: PLC0415
    from matrix_secrets.operations.status import standing  # noqa: PLC0415

    stacks = app.stacks if app.settings.stacks else app.all_stacks or app.stacks
    found = [
        standing(stack, has_rules=app.rules is not None, has_identity=lambda: _has_identity(app)) for stack in stacks
    ]
    branch = current_branch(app.work_tree)
    where = f"{shown(app.work_tree.root, app.env)}, {f'branch {branch}' if branch else 'no branch checked out'}"
    app.output.put("stacks", [_as_json(each) for each in found])
    for each in found:
        title = f"{each.stack.label} ({each.stack.layout} layout) in {where}"
        app.output.rows([_row(point) for point in each.points], title)
        # A key is nobody's in particular; what else comes next is about this stack.
        named = len(found) > 1 and each.next != "matrix-secrets keys generate"
        app.output.next(f"{each.next} --stack {shlex.quote(each.stack.label)}" if named else each.next)


def _has_identity(app: App) -> bool:
    found = app.known_identities
    return bool(found.identities or found.locked or any(each.for_binary for each in found.unusable))


def _row(point: Point) -> Row:
    mark = {True: Mark.DONE, False: Mark.BAD, None: Mark.WARNING}[point.done]
    return Row((point.text, point.detail), mark)


def _as_json(each: Standing) -> dict[str, object]:
    points = [{"done": point.done, "text": point.text, "detail": point.detail} for point in each.points]
    return {"directory": each.stack.label, "layout": str(each.stack.layout), "points": points, "next": each.next}

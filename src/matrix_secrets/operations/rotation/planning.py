"""A rotation planned: new values, and the files that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.operations.placing import NewValue, place_values
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.rotation.choosing import choose
from matrix_secrets.operations.rotation.effects import effects_of
from matrix_secrets.operations.rotation.model import Rotation, Turned
from matrix_secrets.stack.declarations import POSTGRES_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.operations.writing import Sealing
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import ManagedSecret, Stack
    from matrix_secrets.stack.workspace import Workspace


def plan_rotation(
    workspace: Workspace, stacks: Sequence[Stack], names: Sequence[str] = (), *, sealing: Sealing | None = None
) -> Rotation:
    """Plan new values for the named secrets, or all, in every place; nobody else's value is touched.

    Only the changed values get new ciphertext; digests follow. ``sealing`` as in `placing.place_values`. Raises as
    `choosing.choose`, and the reason where a place cannot be written.
    """
    turned = drawn(choose(stacks, names))
    return Rotation(turned, plan_values(workspace, stacks, turned, sealing))


def drawn(chosen: Sequence[tuple[Stack, ManagedSecret]]) -> tuple[Turned, ...]:
    """Draw a new value for each of these."""
    return tuple(
        Turned(stack, secret, _draw(secret), effects_of(stack, secret), secret.declaration is POSTGRES_PASSWORD)
        for stack, secret in chosen
    )


def plan_values(
    workspace: Workspace, stacks: Sequence[Stack], turned: Sequence[Turned], sealing: Sealing | None = None
) -> Plan:
    """Plan the files that hold these new values."""
    values = [NewValue(each.stack, place, each.new) for each in turned for place in each.secret.locations]
    placed = place_values(workspace, stacks, values, sealing)
    changes = [Change(value.location.place, "rotated") for value in values]
    paths = (*placed.written.paths, *(value.location.file for value in values))
    return Plan(
        changes=(*changes, *placed.written.changes),
        writes=placed.written.writes,
        notes=placed.notes,
        commit_message=_message(turned),
        paths=tuple(dict.fromkeys(paths)),
        next_commands=("matrix-secrets encrypt",) if placed.exposed else (),
    )


def _draw(secret: ManagedSecret) -> SecretValue:
    while (value := secret.declaration.generator.draw()) in secret.values:
        pass
    return value


def _message(turned: Sequence[Turned]) -> str:
    names = list(dict.fromkeys(each.secret.name for each in turned))
    stacks = list(dict.fromkeys(each.stack.label for each in turned))
    where = stacks[0] if len(stacks) == 1 else f"{len(stacks)} stacks"
    body = "" if len(stacks) == 1 else "\n\n" + "\n".join(stacks)
    return f"feat(matrix): rotate {', '.join(names)} of {where}{body}"

"""Fill every managed secret that is missing or a placeholder, the same value in all its places; never a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.operations.placing import NewValue, place_values
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.soundness import refuse_disagreement, require_readable
from matrix_secrets.stack.model import OPEN_STATES, Location, ManagedSecret, Stack, ValueState
from matrix_secrets.stack.selection import select_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.operations.writing import Sealing
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.workspace import Workspace


def plan_generate(
    workspace: Workspace, stacks: Sequence[Stack], names: Sequence[str] = (), *, sealing: Sealing | None = None
) -> Plan:
    """Plan new values for the named secrets, or all; a real value in one place is copied to the others.

    ``sealing`` encrypts plain files that a creation rule covers, or that a value of an encrypted file is copied to.
    Raises UsageError for an unknown name, RefusedError where two places hold different real values, and the reason
    why a place could not be read.
    """
    chosen = select_secrets(stacks, names)
    secrets_ = [secret for _, secret in chosen]
    require_readable(secrets_)
    refuse_disagreement(secrets_)
    changes: list[Change] = []
    values: list[NewValue] = []
    for stack, secret in chosen:
        for change, location, value in _fill(secret):
            changes.append(change)
            values.append(NewValue(stack, location, value))
    paths = tuple(dict.fromkeys(location.file for _, secret in chosen for location in secret.locations))
    message = _commit_message(changes)
    if not values:
        return Plan(commit_message=message, paths=paths, next_commands=_next(workspace, paths))
    placed = place_values(workspace, stacks, values, sealing)
    return Plan(
        changes=(*changes, *placed.written.changes),
        writes=placed.written.writes,
        notes=placed.notes,
        commit_message=message,
        paths=tuple(dict.fromkeys((*placed.written.paths, *paths))),
        next_commands=("matrix-secrets encrypt",) if placed.exposed else ("matrix-secrets verify",),
    )


def _open_locations(secret: ManagedSecret) -> list[Location]:
    return [location for location in secret.locations if location.state in OPEN_STATES]


def _fill(secret: ManagedSecret) -> Iterator[tuple[Change, Location, SecretValue]]:
    targets = _open_locations(secret)
    if not targets:
        return
    real = next((location for location in secret.locations if location.value is not None), None)
    value = secret.declaration.generator.draw() if real is None or real.value is None else real.value
    for location in targets:
        if real is None:
            change = Change(location.place, "generated", _was(location))
        else:
            change = Change(location.place, "copied", f"from {real.place}")
        yield change, location, value


def _was(location: Location) -> str:
    return {
        ValueState.PLACEHOLDER: "was a placeholder",
        ValueState.EMPTY: "was empty",
        ValueState.MISSING: "was missing",
    }.get(location.state, "")


def _next(workspace: Workspace, paths: Sequence[str]) -> tuple[str, ...]:
    plain = any(not workspace.read(file).encrypted for file in paths)
    return ("matrix-secrets encrypt",) if plain else ("matrix-secrets verify",)


def _commit_message(changes: Sequence[Change]) -> str:
    return "feat(matrix): generate secrets" if changes else "feat(matrix): fill in secrets"

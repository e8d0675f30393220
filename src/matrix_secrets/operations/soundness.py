"""Managed secrets that can be worked with: readable in every place, real, and the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError
from matrix_secrets.stack.model import OPEN_STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.stack.model import ManagedSecret


def require_sound(chosen: Sequence[ManagedSecret]) -> None:
    """Make sure that each secret has one real value in all its places. Raises RefusedError, or the place's reason."""
    require_readable(chosen)
    refuse_disagreement(chosen)
    for secret in chosen:
        for location in secret.locations:
            if location.state in OPEN_STATES:
                raise RefusedError(
                    f"{secret.name} has no real value here ({location.state})",
                    place=location.place,
                    hint=f"matrix-secrets generate {secret.name}",
                )


def require_readable(chosen: Sequence[ManagedSecret]) -> None:
    """Make sure that every place can be read: one that cannot may hold the real value, or a placeholder.

    Raises the place's own reason.
    """
    for secret in chosen:
        for location in secret.locations:
            if location.why is not None:
                raise location.why


def refuse_disagreement(chosen: Sequence[ManagedSecret]) -> None:
    """Make sure that no two places of a secret hold different real values. Raises RefusedError."""
    for secret in chosen:
        if len(secret.values) < 2:
            continue
        one, other = (
            next(location for location in secret.locations if location.value == value) for value in secret.values[:2]
        )
        raise RefusedError(
            f"{secret.name}: its places do not agree; {other.place} holds another value",
            place=one.place,
            cause="only you can know which of the two is in service",
            hint=f"put the value in service into both, or CHANGE_ME_BEFORE_DEPLOY into the wrong one, "
            f"then: matrix-secrets generate {secret.name}",
        )

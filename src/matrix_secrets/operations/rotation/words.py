"""What is in force where, in words: every failure says it, and the exact next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.operations.rotation.machine import State
from matrix_secrets.operations.rotation.world import Side

if TYPE_CHECKING:
    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.operations.rotation.world import World

ONWARD: Final = "matrix-secrets rotate --resume, or matrix-secrets rotate --abort"
_HOME: Final = "matrix-secrets rotate --resume finishes what was begun"

_STATES: Final = {
    State.IDLE: "no rotation is in flight",
    State.PREPARED: "prepared: nothing has changed outside Git's rotation branch",
    State.ALTERED: "the database accepts the new password only; Synapse goes on with its open connections",
    State.BEHIND: "main holds the new password, and the database does not accept it yet",
    State.PUBLISHED: "main holds the new values, and Flux has not applied them yet",
    State.RECONCILED: "the cluster holds the new values, and not all pods have restarted",
    State.RESTARTED: "the pods have restarted, and Synapse does not read its database yet",
    State.PROVEN: "the new values are in force everywhere; the rotation branch is still there",
    State.CONTESTED: "somebody has put other values on main since",
}


def state_text(state: State) -> str:
    """Say where a rotation stands."""
    return _STATES[state]


def standing(world: World) -> str:
    """Say which values are in force where: ``main: old, database: new, cluster: old, pods: old``."""
    parts = [("main", world.main), ("database", world.role), ("cluster", world.live), ("pods", world.pods)]
    neither = {"pods": "in between", "database": "neither password", "cluster": "neither"}
    shown = [
        f"{name}: {neither.get(name, '') if side is Side.OTHER else side}" for name, side in parts if side is not None
    ]
    return ", ".join(shown)


def onward(world: World | None) -> str:
    """Return the commands that lead out of it."""
    return _HOME if world is not None and world.turned else ONWARD


def stranded(error: MatrixSecretsError, world: World | None, *, seen_now: bool) -> MatrixSecretsError:
    """Add to an error what is in force where, and how to go on. ``world`` is None where nothing was seen at all."""
    if world is None:
        where = "what is in force could not be looked at"
    else:
        where = f"in force {'now' if seen_now else 'before that'}: {standing(world)}"
    text = error.message.removesuffix("; nothing was changed")
    hint = f"{error.hint}; then: {onward(world)}" if error.hint else onward(world)
    return type(error)(f"{text} ({where})", cause=error.cause, hint=hint, place=error.place)

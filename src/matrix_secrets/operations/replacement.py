"""The commands that replace values: of managed secrets a rotation, of anything else an edit of its files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.errors import Place
    from matrix_secrets.operations.rotation.model import Rotation


class Replaceable(Protocol):
    """A value with its places. ``owners`` are stacks and names where it is managed; a repository's only stack is ""."""

    @property
    def owners(self) -> tuple[tuple[str, str], ...]: ...  # noqa: D102  (said above)
    @property
    def places(self) -> tuple[Place, ...]: ...  # noqa: D102


def replacing(values: Iterable[Replaceable]) -> list[str]:
    """Return the commands: one rotation a stack, of all that is managed there, and one edit a file for the others."""
    names: dict[str, dict[str, None]] = {}
    files: dict[str, None] = {}
    for each in values:
        for stack, name in each.owners:
            names.setdefault(stack, {})[name] = None
        if not each.owners:
            files |= dict.fromkeys(place.file for place in each.places)
    return [
        *(_rotate(found, stack) for stack, found in names.items()),
        *(f"matrix-secrets edit {shlex.quote(file)}" for file in files),
    ]


def rotation_of(rotation: Rotation) -> str:
    """Return the command that makes a rotation of one stack."""
    (stack,) = rotation.stacks
    return _rotate([each.secret.name for each in rotation.turned], stack.label)


def _rotate(names: Iterable[str], stack: str) -> str:
    return f"matrix-secrets rotate {shlex.join(names)}" + (f" --stack {shlex.quote(stack)}" if stack else "")

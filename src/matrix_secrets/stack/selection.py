"""Managed secrets by the NAMEs of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matrix_secrets.stack.model import ManagedSecret, Stack


def select_secrets(stacks: Sequence[Stack], names: Iterable[str]) -> list[tuple[Stack, ManagedSecret]]:
    """Choose managed secrets by name (any case, ``SYNAPSE_`` optional), all without a name, in the stacks' order.

    Raises UsageError for a name that none of the stacks has.
    """
    wanted = list(names)
    every = [(stack, secret) for stack in stacks for secret in stack.managed]
    for name in wanted:
        if not any(secret.declaration.is_called(name) for _, secret in every):
            known = ", ".join(dict.fromkeys(secret.name for _, secret in every))
            raise UsageError(
                f"there is no managed secret called {name}",
                hint=f"NAME is one of: {known}" if known else "no stack here has managed secrets",
            )
    return [pair for pair in every if not wanted or any(pair[1].declaration.is_called(name) for name in wanted)]

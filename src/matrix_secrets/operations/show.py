"""Each managed secret: set or not, where it stands, whether its places agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass
from matrix_secrets.stack.protection import is_protected
from matrix_secrets.stack.selection import select_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.errors import MatrixSecretsError, Place
    from matrix_secrets.operations.ages import Age
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import ManagedSecret, Stack, ValueState


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """One place of a secret. ``encrypted``: its value is ciphertext on disk. ``why``: why it could not be read."""

    place: Place
    state: ValueState
    encrypted: bool
    value: SecretValue | None = None
    why: MatrixSecretsError | None = None


@dataclass(frozen=True, slots=True)
class ShownSecret:
    """A row of ``show``. ``value`` is there where all places that could be read hold the same one.

    ``age`` is None where nobody asked for it, or there is no value.
    """

    stack: str
    name: str
    state: ValueState
    agrees: bool | None
    places: tuple[ShownPlace, ...]
    value: SecretValue | None = None
    age: Age | None = None


def shown_secrets(
    stacks: Sequence[Stack], names: Sequence[str] = (), ages: Mapping[tuple[str, str], Age | None] | None = None
) -> list[ShownSecret]:
    """Return a row for each of the named secrets, or all; ``ages`` by the stack's directory and the secret's name.

    Raises UsageError for an unknown name.
    """
    known = ages or {}
    chosen = select_secrets(stacks, names)
    return [_row(stack, secret, known.get((stack.directory, secret.name))) for stack, secret in chosen]


def _row(stack: Stack, secret: ManagedSecret, age: Age | None) -> ShownSecret:
    places = tuple(
        ShownPlace(each.place, each.state, is_protected(stack, each), each.value, each.why) for each in secret.locations
    )
    value = secret.values[0] if len(secret.values) == 1 else None
    return ShownSecret(stack.directory, secret.name, secret.state, secret.agrees, places, value, age)

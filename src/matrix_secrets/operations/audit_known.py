"""The values that the history is searched for: those in use today, and those that its older versions held."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.operations.keys_values import HeldValue, held_values
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matrix_secrets.errors import MatrixSecretsError, Place
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

# A value of a Secret that is nobody's in particular (a URL, an address, a name) stands elsewhere for good reasons.
_RANDOM: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+/=_~-]{16,}")
_SECRET_KEY: Final = re.compile(r"(?i)secret|passw|token|private|(?:^|_)key$|pepper")
_LEAST_CHARACTERS: Final = 8


@dataclass(frozen=True, slots=True)
class Known:
    """A value. ``places`` is where it stands today: none for one that was replaced. ``managed``: one of this program's.

    ``owners`` as of `keys_values.HeldValue`.
    ``id`` tells values apart in a search and says nothing about them.
    """

    id: str
    name: str
    value: SecretValue
    managed: bool
    places: tuple[Place, ...] = ()
    owners: tuple[tuple[str, str], ...] = ()


class KnownValues:
    """All values that are known so far."""

    def __init__(self) -> None:
        self.locked: dict[str, MatrixSecretsError] = {}
        self._found: dict[SecretValue, Known] = {}

    @property
    def by_id(self) -> dict[str, Known]:
        """The values by their ids."""
        return {known.id: known for known in self._found.values()}

    def add_today(self, workspace: Workspace, stacks: Sequence[Stack], files: Sequence[str]) -> None:
        """Add what stacks and encrypted files hold; what does not open is in ``locked``."""
        holding = held_values(workspace, stacks, files)
        self.locked |= dict(holding.locked)
        self.locked |= {file.file: file.locked for stack in stacks for file in stack.locked if file.locked is not None}
        for held in holding.values:
            if held.managed or _is_worth_it(held):
                self.add(held.name, held.value, managed=held.managed, places=held.places, owners=held.owners)

    def add(
        self,
        name: str,
        value: SecretValue,
        *,
        managed: bool,
        places: Iterable[Place] = (),
        owners: tuple[tuple[str, str], ...] = (),
    ) -> Known | None:
        """Add a value. Returns it, None where it was known already."""
        value = SecretValue(value.reveal().strip())
        if value in self._found or not value:
            return None
        known = Known(str(len(self._found)), name, value, managed, tuple(places), owners)
        self._found[value] = known
        return known

    def of(self, value: SecretValue) -> Known | None:
        """Return what is known of a value."""
        return self._found.get(SecretValue(value.reveal().strip()))


def _is_worth_it(held: HeldValue) -> bool:
    text = held.value.reveal().strip()
    named = _SECRET_KEY.search(held.name) is not None and len(text) >= _LEAST_CHARACTERS
    return "\n" not in text and (named or _RANDOM.fullmatch(text) is not None)

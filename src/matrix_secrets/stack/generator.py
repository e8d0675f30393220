"""How a new value is drawn."""

from __future__ import annotations

import secrets
import string
from enum import StrEnum
from typing import Final

from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import SecretValue

SHORTEST: Final = 16
LONGEST: Final = 1024


class Alphabet(StrEnum):
    """The characters of a value. Nothing that YAML, a shell, a URL or Flux's ``${…}`` would take for its own."""

    HEX = "hex"
    ALPHANUMERIC = "alphanumeric"


_CHARACTERS: Final = {
    Alphabet.HEX: "0123456789abcdef",
    Alphabet.ALPHANUMERIC: string.ascii_letters + string.digits,
}


@dataclass(frozen=True, slots=True)
class Generator:
    """Draws values of ``length`` characters; as it is, what the guide's ``secrets.token_hex(32)`` makes."""

    length: int = 64
    alphabet: Alphabet = Alphabet.HEX

    def draw(self) -> SecretValue:
        """Draw a new value from the system's random numbers."""
        characters = _CHARACTERS[self.alphabet]
        return SecretValue("".join(secrets.choice(characters) for _ in range(self.length)))

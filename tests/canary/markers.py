"""Secrets that are known by sight: planted everywhere, and looked for everywhere else."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, fields

from matrix_secrets.agekeys.generate import generate_identity


def _word(name: str) -> str:
    return f"canary{name}{secrets.token_hex(12)}"


@dataclass(frozen=True)
class Markers:
    """One secret a field. The first four stand in the Secret and, the same, in homeserver.yaml."""

    postgres: str
    macaroon: str
    registration: str
    form: str
    turn: str
    """Only in homeserver.yaml; no managed secret."""
    comment: str
    """In a comment between the keys of the Secret."""
    remark: str
    """In a comment of homeserver.yaml."""
    broken: str
    """In a line that does not parse."""
    edited: str
    """What an editor puts in."""
    passphrase: str
    identity: str
    bob: str
    """Somebody else's identity."""

    @classmethod
    def new(cls) -> Markers:
        mine, theirs = (generate_identity().secret.reveal() for _ in range(2))
        words = {field.name: _word(field.name) for field in fields(cls)}
        return cls(**{**words, "identity": mine, "bob": theirs})

    @property
    def keys(self) -> frozenset[str]:
        """What may stand in the files of keys, and in the environment of a program that decrypts."""
        return frozenset({"identity", "bob"})

    def found_in(self, data: bytes) -> frozenset[str]:
        """Name the markers in some bytes, as they are, in another case, or in base64."""
        lower = data.lower()
        return frozenset(name for name, forms in self.forms().items() if any(form in lower for form in forms))

    def forms(self) -> dict[str, tuple[bytes, ...]]:
        """What to look for, in lower case, by name; of base64 only what does not depend on its neighbours."""
        found: dict[str, tuple[bytes, ...]] = {}
        for field in fields(self):
            raw = str(getattr(self, field.name)).encode().lower()
            bare = raw.removeprefix(b"age-secret-key-")
            encoded = base64.b64encode(str(getattr(self, field.name)).encode()).rstrip(b"=")[:-2].lower()
            found[field.name] = (bare, encoded)
        return found

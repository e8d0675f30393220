"""Accepted findings: a file of fingerprints under a key that only the readers of the secrets have.

A plain hash would let anybody try out guesses of a weak value; the key is the one of the secret digests, encrypted
in the Secret itself (`stack.tripwire`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place, RefusedError
from matrix_secrets.records import dataclass
from matrix_secrets.stack.tripwire import digest_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matrix_secrets.stack.model import Stack

FILE: Final = ".matrix-secrets-audit.json"
_PURPOSE: Final = b"matrix-secrets audit baseline, version 1"
_SIZE: Final = 16  # bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes fingerprints. Without a key (nothing is encrypted, or nothing opens) there are none."""

    key: bytes | None

    @classmethod
    def of(cls, stacks: Sequence[Stack]) -> Seal:
        """Take the key of the first stack that has one."""
        found = next((key for stack in stacks if (key := digest_key(stack.streams)) is not None), None)
        if found is None:
            return cls(None)
        return cls(hmac.digest(found.reveal().encode(), _PURPOSE, hashlib.sha256))

    def fingerprint(self, *parts: str) -> str:
        """Return the fingerprint of a finding; empty without a key."""
        if self.key is None:
            return ""
        framed = b"".join(len(raw).to_bytes(8, "big") + raw for raw in (part.encode() for part in parts))
        return hmac.digest(self.key, framed, hashlib.sha256)[:_SIZE].hex()

    def __repr__(self) -> str:
        return "<Seal>"


def read_baseline(raw: bytes | None, file: str = FILE) -> frozenset[str]:
    """Read a baseline; an absent one is empty. Raises BadManifestError for something else."""
    if raw is None:
        return frozenset()
    try:
        found = json.loads(raw)["accepted"]
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            return frozenset(found)
    except (ValueError, KeyError, TypeError):
        pass
    hint = f"git log -p -- {file}, or delete it and accept again: matrix-secrets audit --accept"
    raise BadManifestError("is no list of accepted findings", place=Place(file), hint=hint)


def written_baseline(accepted: Iterable[str]) -> bytes:
    """Return the text of a baseline: fingerprints and nothing else, one a line, so that it can be merged."""
    return (json.dumps({"schema": 1, "accepted": sorted(accepted)}, indent=1) + "\n").encode()


def require_key(seal: Seal) -> None:
    """Refuse to accept anything without a key. Raises RefusedError."""
    if seal.key is None:
        raise RefusedError(
            "there is no key to accept findings under: a fingerprint without one could be guessed",
            cause="it is MATRIX_SECRETS_DIGEST_KEY, in the encrypted Secret",
            hint="matrix-secrets encrypt puts it there; to read it, bring an identity that opens the file",
        )

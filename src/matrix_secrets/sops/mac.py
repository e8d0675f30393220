"""The message authentication code of a file: SHA-512 over its values in order, over all documents.

Source: sops 3.13.3, sops.go (Tree.Encrypt, ToBytes, MACOnlyEncryptedInitialization). Keys and comments are no part.
"""

from __future__ import annotations

import hashlib
from typing import Final

_ONLY_ENCRYPTED: Final = hashlib.sha256(b"sops").digest()


class Mac:
    """Sums up values. With ``only_encrypted`` it starts from sops's constant, and plain values are left out."""

    __slots__ = ("_hash", "_only_encrypted")

    def __init__(self, *, only_encrypted: bool) -> None:
        self._hash = hashlib.sha512(_ONLY_ENCRYPTED if only_encrypted else b"")
        self._only_encrypted = only_encrypted

    def add(self, text: str, *, encrypted: bool) -> None:
        """Add a value as sops spells it in bytes: ``True``, ``12``, ``1.5``."""
        if encrypted or not self._only_encrypted:
            self._hash.update(text.encode())

    def hexdigest(self) -> str:
        """The code in upper-case hexadecimal, as sops encrypts it."""
        return self._hash.hexdigest().upper()

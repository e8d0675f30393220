"""The data key of one file: AES-256-GCM with a nonce of 32 bytes, a value's path as additional data.

Source: sops 3.13.3, aes/cipher.go.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NoReturn

from matrix_secrets.sops.format import Ciphertext, read

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_SIZE: Final = 32
_IV_SIZE: Final = 32
_TAG_SIZE: Final = 16
_LEAST_IV: Final = 8  # fewer bytes are no nonce to the library


class NotAuthenticError(Exception):
    """A ciphertext that is damaged, was moved, or belongs to another key."""


class DataKey:
    """The key that a file's values are encrypted with. Its bytes are never shown."""

    __slots__ = ("_aead", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aead: AESGCM | None = None

    @classmethod
    def new(cls) -> DataKey:
        """Draw a fresh key."""
        return cls(os.urandom(KEY_SIZE))

    def reveal(self) -> bytes:
        """Return the key itself: only for wrapping it for a recipient."""
        return self._key

    @property
    def _cipher(self) -> AESGCM:
        if self._aead is None:  # a key may only be wrapped for somebody else, by the thousand
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  (a large library)

            self._aead = AESGCM(self._key)
        return self._aead

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataKey) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def encrypt(self, text: str, kind: str, aad: str) -> str:
        """Encrypt a value under a nonce of its own; the empty text stays empty, as in sops."""
        return self._encrypt_with(os.urandom(_IV_SIZE), text, kind, aad)

    def _encrypt_with(self, iv: bytes, text: str, kind: str, aad: str) -> str:
        if not text:
            return ""
        sealed = self._cipher.encrypt(iv, text.encode(), aad.encode())
        return str(Ciphertext(sealed[:-_TAG_SIZE], iv, sealed[-_TAG_SIZE:], kind))

    def decrypt(self, text: str, aad: str) -> tuple[str, str]:
        """Return the kind and the text of a value. Raises NotAuthenticError; the empty text is an empty string."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  (the same)

        if not text:
            return "str", ""
        sealed = read(text)
        if sealed is None or len(sealed.iv) < _LEAST_IV or len(sealed.tag) != _TAG_SIZE:
            raise NotAuthenticError
        try:
            opened = self._cipher.decrypt(sealed.iv, sealed.data + sealed.tag, aad.encode())
            return sealed.kind, opened.decode("utf-8")
        except (InvalidTag, ValueError):
            raise NotAuthenticError from None

    def __repr__(self) -> str:
        return "<DataKey>"

    def __reduce__(self) -> NoReturn:
        message = "a data key cannot be pickled"
        raise TypeError(message)

"""What encrypts and decrypts files: the seam between the built-in engine and the real sops."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from matrix_secrets.findings import Finding
    from matrix_secrets.sops.creationrules import CreationRule


class Encrypted(NamedTuple):
    """An encrypted text and what became of it.

    ``values`` and ``comments`` count what is ciphertext now; ``notes`` tell of places whose bytes cannot come back
    though their value does (finding ``formatting-not-kept``).
    """

    text: str
    values: int
    comments: int
    documents: int
    notes: tuple[Finding, ...] = ()


class Engine(Protocol):
    """Does SOPS. Texts are whole files of any number of YAML documents; ``file`` is their name in messages.

    Every method decrypts what it made and compares it with what it was given before it returns. All raise
    BadManifestError for what is not understood, NoIdentityError, TamperedError and OutsideError.
    """

    @property
    def name(self) -> str:
        """``binary`` or ``builtin``."""

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        """Encrypt a plain text under a new data key for the rule's recipients."""

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Return the plain text in its original formatting, its MAC verified."""

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        """Encrypt another plain text in place of the old one: same data key, unchanged values keep their ciphertext."""

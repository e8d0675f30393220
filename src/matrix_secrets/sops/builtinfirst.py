"""An engine that reads without starting a program wherever it can: for commands that look at many files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import NoIdentityError

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.sops.builtin import BuiltinEngine
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Encrypted, Engine


class BuiltinFirst:
    """Decrypts by age in process, and asks the other engine for files that need another kind of key."""

    def __init__(self, builtin: BuiltinEngine, other: Callable[[], Engine]) -> None:
        self._builtin = builtin
        self._other = other

    @property
    def name(self) -> str:
        """The name of the engine that writes."""
        return self._other().name

    def encrypt(self, plain: str, *, file: str, rule: CreationRule) -> Encrypted:
        """Encrypt with the other engine."""
        return self._other().encrypt(plain, file=file, rule=rule)

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Return the plain text. Raises NoIdentityError, TamperedError, BadManifestError, OutsideError."""
        try:
            return self._builtin.decrypt(encrypted, file=file)
        except NoIdentityError:
            other = self._other()
            if other.name == self._builtin.name:
                raise
            return other.decrypt(encrypted, file=file)

    def update(self, encrypted: str, plain: str, *, file: str) -> Encrypted:
        """Encrypt another plain text with the other engine."""
        return self._other().update(encrypted, plain, file=file)

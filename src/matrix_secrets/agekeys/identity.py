"""Identities: private keys that can never be printed by accident, and those that cannot be used as they are."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from matrix_secrets.agekeys import bech32
from matrix_secrets.agekeys.recipient import Recipient, RecipientKind
from matrix_secrets.errors import RefusedError
from matrix_secrets.records import dataclass
from matrix_secrets.secretvalue import REDACTED, SecretValue

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyrage

    NativeIdentity: TypeAlias = pyrage.x25519.Identity | pyrage.ssh.Identity

AskPassphrase: TypeAlias = "Callable[[str], SecretValue | None]"
"""Asked with the source's name; None: the user has no answer."""


class Identity:
    """A private key that builtin can use.

    ``recipient`` is its public side, ``source`` where it was found (``~/.config/sops/age/keys.txt``).
    """

    __slots__ = ("_native", "_secret", "recipient", "source")

    def __init__(self, secret: SecretValue, native: NativeIdentity, recipient: Recipient, source: str) -> None:
        self._secret = secret
        self._native = native
        self.recipient = recipient
        self.source = source

    @classmethod
    def from_age_key(cls, text: str, source: str, where: str | None = None) -> Identity:
        """Read one ``AGE-SECRET-KEY-1…``. Raises `RefusedError`, which quotes none of it but says ``where`` it is."""
        import pyrage  # noqa: PLC0415  (a compiled library: only for runs that touch keys)

        try:
            key = pyrage.x25519.Identity.from_str(text)
        except pyrage.IdentityError:
            why = bech32.fault(text, private=True) or "its length does not fit"
            raise RefusedError(f"the age identity in {where or source} is damaged: {why}") from None
        return cls(SecretValue(text), key, Recipient(str(key.to_public()), RecipientKind.X25519), source)

    @property
    def secret(self) -> SecretValue:
        """The private key as it stands in an identity file: one line, or an unencrypted ssh key in PEM."""
        return self._secret

    def __repr__(self) -> str:
        return f"<Identity of {self.recipient.short} {REDACTED}>"

    def __eq__(self, other: object) -> bool:
        return self.recipient == other.recipient if isinstance(other, Identity) else NotImplemented

    def __hash__(self) -> int:
        return hash((Identity, self.recipient))

    def __reduce__(self) -> NoReturn:
        message = "an identity cannot be pickled"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class Locked:
    """An identity, or a file of them, behind a passphrase.

    ``recipient`` is known without the passphrase for OpenSSH's own format only. ``open_with`` decrypts in memory and
    raises `RefusedError` for the wrong passphrase.
    """

    source: str
    recipient: Recipient | None
    open_with: Callable[[SecretValue], list[Identity | Unusable]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something that stands where sops looks for identities and that builtin cannot use, and why.

    ``for_binary`` says that the sops program can use it all the same (plugins, post-quantum keys).
    """

    source: str
    reason: str
    for_binary: bool = False


def native(identity: Identity) -> Any:  # noqa: ANN401  (pyrage's types share no base class)
    """Pyrage's object: its ``str()`` is the private key, so it stays within this package."""
    return identity._native  # noqa: SLF001  (the only door)

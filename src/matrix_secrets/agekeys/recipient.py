"""Recipients: the public keys that a data key is wrapped for."""

from __future__ import annotations

import enum
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.agekeys import bech32
from matrix_secrets.errors import RefusedError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    import pyrage

    NativeRecipient: TypeAlias = pyrage.x25519.Recipient | pyrage.ssh.Recipient

_HINT: Final = "a recipient looks like age1… (62 characters), ssh-ed25519 AAAA… or ssh-rsa AAAA…; ask for it again"
_X25519_LENGTH: Final = 62
_PRIVATE_MARKS: Final = ("AGE-SECRET-KEY-", "AGE-PLUGIN-")


class RecipientKind(enum.StrEnum):
    """What a recipient is, told apart as sops does (age/keysource.go, parseRecipient)."""

    X25519 = "x25519"
    SSH = "ssh"
    PLUGIN = "plugin"
    PQ = "pq"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One public key. Two are equal if their keys are, whatever comment an ssh key carries.

    ``str()`` is the text as sops stores it: the key, and an ssh key's comment.
    """

    key: str
    kind: RecipientKind
    comment: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Read one recipient; white space around it does not count.

        Raises `RefusedError` saying what is wrong with it. A private key is recognised and never quoted.
        """
        return _parsed(text.strip())

    @property
    def is_builtin(self) -> bool:
        """Whether this is one that needs no program beyond this one: x25519 and ssh."""
        return self.kind in {RecipientKind.X25519, RecipientKind.SSH}

    @property
    def short(self) -> str:
        """Enough to recognise it by: ``age1jah0…v9lkr``; of an ssh key its comment too."""
        return f"{short(self.key)} {self.comment}".rstrip()

    def __str__(self) -> str:
        return f"{self.key} {self.comment}".rstrip()


def parse_list(text: str) -> list[Recipient]:
    """Read a comma-separated list, as in ``--age`` and ``age:``; empty text is an empty list. Raises `RefusedError`."""
    return [Recipient.parse(part) for part in text.split(",")] if text.strip() else []


def native(recipient: Recipient) -> NativeRecipient:
    """Pyrage's object for it. Raises `RefusedError` for kinds that only the binary engine can use."""
    match recipient.kind:
        case RecipientKind.X25519:
            return _native_x25519(recipient.key)
        case RecipientKind.SSH:
            return _native_ssh(recipient.key)
        case RecipientKind.PLUGIN | RecipientKind.PQ:
            what = "a plugin's" if recipient.kind is RecipientKind.PLUGIN else "a post-quantum"
            message = f"{recipient.short} is {what} recipient: only the sops program can encrypt for it"
            raise RefusedError(message, hint="install sops, then add --engine binary")


def short(key: str) -> str:
    """Shorten a public key to its recognisable ends."""
    start = key.rpartition("1")[0] if key.startswith("age1") else key.partition(" ")[0]
    head = len(start) + 5 if key.startswith("age1") else len(start) + 1
    return key if len(key) <= head + 12 else f"{key[:head].rstrip()}…{key[-5:]}"


@lru_cache(maxsize=256)  # the same few stand in every file, and each check sum is worked out in Python
def _parsed(text: str) -> Recipient:
    _refuse_private(text)
    if text.startswith("ssh-"):
        return _parse_ssh(text)
    kind = _age_kind(text)
    if fault := bech32.fault(text):
        raise RefusedError(f"{short(text)} is not an age recipient: {fault}", hint=_HINT)
    if kind is RecipientKind.X25519:
        if len(text) != _X25519_LENGTH:
            message = f"{short(text)} is not an age recipient: it has {len(text)} characters, not {_X25519_LENGTH}"
            raise RefusedError(message, hint=_HINT)
        _native_x25519(text)
    return Recipient(text, kind)


def _age_kind(text: str) -> RecipientKind:
    if text.startswith("age1pq1"):
        return RecipientKind.PQ
    if text.startswith("age1"):
        return RecipientKind.PLUGIN if text.count("1") > 1 else RecipientKind.X25519
    if text.lower().startswith("age1"):
        raise RefusedError("an age recipient is written in lower case", hint=_HINT)
    raise RefusedError("that is not an age recipient: it starts neither with age1 nor with ssh-", hint=_HINT)


def _refuse_private(text: str) -> None:
    if not (text.upper().startswith(_PRIVATE_MARKS) or "PRIVATE KEY-----" in text):
        return
    message = "that is a private key (an identity), and it must stay with its owner; what is wanted is its recipient"
    hint = "age-keygen -y FILE prints the recipient of an identity file; ssh-keygen -y -f FILE that of an ssh key"
    raise RefusedError(message, hint=hint)


def _parse_ssh(text: str) -> Recipient:
    kind, _, rest = text.partition(" ")
    blob, _, comment = rest.strip().partition(" ")
    key = f"{kind} {blob}"
    if kind not in {"ssh-ed25519", "ssh-rsa"}:
        raise RefusedError(f"{kind} keys cannot be recipients: age knows ssh-ed25519 and ssh-rsa", hint=_HINT)
    _native_ssh(key)
    return Recipient(key, RecipientKind.SSH, comment.strip())


def _native_x25519(key: str) -> pyrage.x25519.Recipient:
    import pyrage  # noqa: PLC0415  (a compiled library: only for runs that touch keys)

    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError:
        message = f"{short(key)} is not an age recipient: it is no point of the curve"
        raise RefusedError(message, hint=_HINT) from None


def _native_ssh(key: str) -> pyrage.ssh.Recipient:
    import pyrage  # noqa: PLC0415  (the same)

    try:
        return pyrage.ssh.Recipient.from_str(key)
    except pyrage.RecipientError:
        message = f"that {key.partition(' ')[0]} recipient is damaged: a character is wrong or missing"
        raise RefusedError(message, hint="copy the whole line of the .pub file again") from None

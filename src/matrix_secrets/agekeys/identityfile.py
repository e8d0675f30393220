"""Identity files: one key a line with comments, or such a file under a passphrase, or an ssh key."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.identity import Identity, Locked, Unusable
from matrix_secrets.agekeys.sshkey import is_ssh_key, parse_ssh_key
from matrix_secrets.errors import NoIdentityError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.agekeys.identity import AskPassphrase
    from matrix_secrets.secretvalue import SecretValue

_BINARY: Final = b"age-encryption"
_ARMOR: Final = b"-----BEGIN AGE"
_ARMOR_LINE: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"


def parse_identities(data: bytes, source: str, *, words: bool = False) -> list[Identity | Locked | Unusable]:
    """Read what stands in an identity file or in SOPS_AGE_KEY (``words``: several keys on a line).

    As strict as sops (age/keysource.go, parseIdentities): a line is empty, a comment, or exactly a key. Raises
    `RefusedError` naming the line and quoting nothing. A file under a passphrase is one `Locked`.
    """
    if data.startswith((_BINARY, _ARMOR)):
        return [_locked_file(data, source)]
    found: list[Identity | Locked | Unusable] = []
    # Go's scanner ends lines at \n, with or without \r before it, and at nothing else.
    for number, raw in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
        line = raw.removesuffix("\r")
        if line and not line.startswith("#"):
            found += [_parse_key(key, source, number) for key in (line.split() if words else [line])]
    return found


def load_identities(path: Path, source: str, ask_passphrase: AskPassphrase | None = None) -> list[Identity]:
    """Read a file that the user named: age identities, plain or under a passphrase, or an ssh key.

    Raises `RefusedError` if it cannot be read or opened, `NoIdentityError` if it holds nothing that can be used.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"cannot read the identity file {source}: {error.strerror}") from None
    items = [parse_ssh_key(data, source)] if is_ssh_key(data) else parse_identities(data, source)
    opened: list[Identity | Unusable] = []
    for item in items:
        opened += _open(item, ask_passphrase) if isinstance(item, Locked) else [item]
    identities = [item for item in opened if isinstance(item, Identity)]
    if not identities:
        reasons = [item.reason for item in opened if isinstance(item, Unusable)] or ["it holds no key"]
        raise NoIdentityError(f"no usable identity in {source}: {'; '.join(reasons)}")
    return identities


def _open(locked: Locked, ask_passphrase: AskPassphrase | None) -> list[Identity | Unusable]:
    passphrase = None if ask_passphrase is None else ask_passphrase(locked.source)
    if passphrase is None:
        raise NoIdentityError(f"{locked.source} is under a passphrase", hint="run it in a terminal, where it can ask")
    return locked.open_with(passphrase)


def _parse_key(text: str, source: str, number: int) -> Identity | Unusable:
    where = f"{source}, line {number}"
    if text.startswith("AGE-SECRET-KEY-PQ-1"):
        return Unusable(where, "a post-quantum identity, which only the sops program can use", for_binary=True)
    if text.startswith("AGE-SECRET-KEY-1"):
        return Identity.from_age_key(text, source, where)
    if text.startswith("AGE-PLUGIN-"):
        return Unusable(where, "a plugin's identity, which only the sops program can use", for_binary=True)
    if text.strip().upper().startswith("AGE-SECRET-KEY-"):
        why = "must be in upper case, without white space around it"
    elif text.startswith(("age1", "ssh-")):
        why = "is a recipient (a public key), not an identity"
    elif text.startswith("-----BEGIN"):
        why = "starts an ssh key: sops finds those by SOPS_AGE_SSH_PRIVATE_KEY_FILE or in ~/.ssh"
    elif not text.strip() or text.lstrip().startswith("#"):
        why = "starts with white space, which sops does not accept"
    else:
        why = "is not an age identity"
    raise RefusedError(f"{where} {why}", hint="an identity file holds lines AGE-SECRET-KEY-1… and comments after #")


def _locked_file(data: bytes, source: str) -> Locked:
    if b"\n-> scrypt " not in _header(data, source):
        raise RefusedError(f"{source} is encrypted for a recipient, not with a passphrase")
    return Locked(source, None, lambda passphrase: _decrypt(data, source, passphrase))


def _header(data: bytes, source: str) -> bytes:
    """Take the start of an age file, which names its stanzas (age-encryption.org/v1), out of its armor."""
    if data.startswith(_BINARY):
        return data[:1024]
    text = b"".join(data.removeprefix(_ARMOR_LINE).partition(b"-----END")[0].split())
    try:
        return base64.b64decode(text[:1024])
    except binascii.Error:
        raise RefusedError(f"{source} is damaged: its armor is not base64") from None


def _decrypt(data: bytes, source: str, passphrase: SecretValue) -> list[Identity | Unusable]:
    import pyrage  # noqa: PLC0415  (a compiled library: only for runs that touch keys)

    try:
        plain = pyrage.passphrase.decrypt(data.strip() if data.startswith(_ARMOR) else data, passphrase.reveal())
    except pyrage.DecryptError:
        raise NoIdentityError(f"{source} does not open with that passphrase") from None
    return [item for item in parse_identities(plain, source) if not isinstance(item, Locked)]

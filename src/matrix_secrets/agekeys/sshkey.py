"""Ssh private keys as age identities: OpenSSH's format and PEM, with or without a passphrase."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.identity import Identity, Locked
from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.errors import RefusedError
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_OPENSSH: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_OPENSSH_END: Final = b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC: Final = b"openssh-key-v1\0"


def is_ssh_key(data: bytes) -> bool:
    """Whether the bytes look like a private key in PEM or in OpenSSH's format."""
    head = data.lstrip()[:64]
    return head.startswith(b"-----BEGIN ") and b"PRIVATE KEY-----" in head


def parse_ssh_key(data: bytes, source: str) -> Identity | Locked:
    """Read one ssh private key; `Locked` if it is under a passphrase.

    Raises `RefusedError` for what is no key, or of a type that age does not know.
    """
    header = _openssh_header(data)
    if header is not None and header[0] != b"none":
        return _locked(data, source, _recipient(header[1], source))
    if header is None and (b"ENCRYPTED" in data):
        return _locked(data, source, None)
    return _identity(data, source, None)


def _openssh_header(data: bytes) -> tuple[bytes, bytes] | None:
    """Read cipher name and public key, which are never encrypted (openssh-portable, PROTOCOL.key)."""
    body, found, _ = data.partition(_OPENSSH)[2].partition(_OPENSSH_END)
    if not found:
        return None
    try:
        raw = base64.b64decode(b"".join(body.split()), validate=True)
        if not raw.startswith(_MAGIC):
            return None
        cipher, rest = _field(raw[len(_MAGIC) :])
        _, rest = _field(rest)  # the key derivation's name
        _, rest = _field(rest)  # and its options
        public, _ = _field(rest[4:])  # after the number of keys, always 1
    except (binascii.Error, struct.error):
        return None
    return cipher, public


def _field(data: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack_from(">I", data)
    return data[4 : 4 + length], data[4 + length :]


def _recipient(public: bytes, source: str) -> Recipient:
    try:
        kind = _field(public)[0].decode("ascii")
    except (struct.error, UnicodeDecodeError):
        raise RefusedError(f"the ssh key in {source} is damaged") from None
    if kind not in {"ssh-ed25519", "ssh-rsa"}:
        raise RefusedError(f"the ssh key in {source} is of type {kind}: age knows ssh-ed25519 and ssh-rsa only")
    return Recipient.parse(f"{kind} {base64.b64encode(public).decode('ascii')}")


def _locked(data: bytes, source: str, recipient: Recipient | None) -> Locked:
    return Locked(source, recipient, lambda passphrase: [_identity(data, source, passphrase)])


def _identity(data: bytes, source: str, passphrase: SecretValue | None) -> Identity:
    import pyrage  # noqa: PLC0415  (a compiled library: only for runs that touch keys)
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415  (0.03 s: the same)

    key = _load(data, source, passphrase)
    # One format for pyrage, which reads neither PKCS #8 nor encrypted keys.
    plain = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption())
    public = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH).decode("ascii")
    recipient = Recipient.parse(public)
    try:
        native = pyrage.ssh.Identity.from_buffer(plain)
    except pyrage.IdentityError:
        raise RefusedError(f"the ssh key in {source} cannot be used with age") from None
    return Identity(SecretValue(plain.decode("ascii")), native, recipient, source)


def _load(data: bytes, source: str, passphrase: SecretValue | None) -> Ed25519PrivateKey | RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415

    read = forms.load_ssh_private_key if _OPENSSH in data else forms.load_pem_private_key
    password = None if passphrase is None else passphrase.reveal().encode()
    try:
        key = read(data, password)
    except UnsupportedAlgorithm:
        raise RefusedError(f"the ssh key in {source} has a form that is not supported") from None
    except (ValueError, TypeError):
        what = "is damaged" if passphrase is None else "does not open with that passphrase"
        raise RefusedError(f"the ssh key in {source} {what}") from None
    if isinstance(key, (ed25519.Ed25519PrivateKey, rsa.RSAPrivateKey)):
        return key
    raise RefusedError(f"the ssh key in {source} is of a type that age does not know: ssh-ed25519 and ssh-rsa only")

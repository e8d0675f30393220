from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.agekeys.identity import Identity, Locked
from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.agekeys.sshkey import is_ssh_key, parse_ssh_key
from matrix_secrets.agekeys.wrap import unwrap_data_key, wrap_data_key
from matrix_secrets.errors import RefusedError
from matrix_secrets.secretvalue import SecretValue

ED25519 = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
OPENSSH, PKCS1, PKCS8 = forms.PrivateFormat.OpenSSH, forms.PrivateFormat.TraditionalOpenSSL, forms.PrivateFormat.PKCS8
PLAIN = [(ED25519, OPENSSH), (RSA, OPENSSH), (RSA, PKCS1), (RSA, PKCS8), (ED25519, PKCS8)]
IDS = ["ed25519 openssh", "rsa openssh", "rsa pkcs1", "rsa pkcs8", "ed25519 pkcs8"]

Key = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def private(key: Key, form: forms.PrivateFormat, passphrase: bytes | None = None) -> bytes:
    how = forms.NoEncryption() if passphrase is None else forms.BestAvailableEncryption(passphrase)
    return key.private_bytes(forms.Encoding.PEM, form, how)


def public(key: Key) -> Recipient:
    text = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
    return Recipient.parse(text.decode())


def opens(identity: Identity, recipient: Recipient) -> bool:
    wrapped = wrap_data_key(b"k" * 32, [recipient])
    return unwrap_data_key([(str(recipient), text) for text in wrapped.values()], [identity]) == b"k" * 32


@pytest.mark.parametrize(("key", "form"), PLAIN, ids=IDS)
def test_a_plain_key(key: Key, form: forms.PrivateFormat) -> None:
    data = private(key, form)
    assert is_ssh_key(data)
    identity = parse_ssh_key(data, "~/.ssh/id")
    assert isinstance(identity, Identity)
    assert identity.recipient == public(key)
    assert identity.source == "~/.ssh/id"
    assert opens(identity, public(key))
    assert identity.secret.reveal() not in repr(identity)


@pytest.mark.parametrize(("key", "form"), PLAIN, ids=IDS)
def test_a_key_under_a_passphrase(key: Key, form: forms.PrivateFormat) -> None:
    locked = parse_ssh_key(private(key, form, b"open sesame"), "~/.ssh/id")
    assert isinstance(locked, Locked)
    assert locked.recipient == (public(key) if form is OPENSSH else None)
    (identity,) = locked.open_with(SecretValue("open sesame"))
    assert isinstance(identity, Identity)
    assert opens(identity, public(key))
    with pytest.raises(RefusedError, match="does not open with that passphrase"):
        locked.open_with(SecretValue("wrong"))


def test_other_types_are_refused_by_name() -> None:
    for form in (OPENSSH, PKCS8):
        with pytest.raises(RefusedError, match="ssh-ed25519 and ssh-rsa only"):
            parse_ssh_key(private(EC, form), "~/.ssh/id")
    with pytest.raises(RefusedError, match="ecdsa-sha2-nistp256"):
        parse_ssh_key(private(EC, OPENSSH, b"x"), "~/.ssh/id")


@given(st.binary(max_size=60), st.integers(0, 300))
def test_any_damage_is_refused(noise: bytes, position: int) -> None:
    data = private(ED25519, OPENSSH)
    damaged = data[:position] + noise + data[position + len(noise) :]
    for candidate in (damaged, noise):
        try:
            parse_ssh_key(candidate, "~/.ssh/id")
        except RefusedError as error:
            assert "~/.ssh/id" in str(error)  # noqa: PT017

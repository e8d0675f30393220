"""Verifiers against RFC 7677's example, and against what a real PostgreSQL keeps and lets in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.cluster.verifier import accepts, make_verifier
from matrix_secrets.errors import RefusedError
from matrix_secrets.secretvalue import SecretValue
from tests.acceptance.services import postgres

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "synapse"
# RFC 7677, section 3: the user's password is "pencil".
RFC_SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
PASSWORDS = ("a3f8c2e1", "with 'quotes' and $dollars", "ünïcödé", "\N{ROMAN NUMERAL NINE}", "x" * 200)


def rfc_verifier(password: str, salt: bytes, iterations: int) -> str:
    """The formulas of RFC 5802, section 3, in the form of PostgreSQL."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    keys = ":".join(base64.b64encode(key).decode() for key in (stored, server))
    return f"SCRAM-SHA-256${iterations}:{base64.b64encode(salt).decode()}${keys}"


def test_the_example_of_the_rfc() -> None:
    verifier = SecretValue(rfc_verifier("pencil", base64.b64decode(RFC_SALT), 4096))
    assert accepts(verifier, SecretValue("pencil"), ROLE)
    assert not accepts(verifier, SecretValue("Pencil"), ROLE)
    # The server's signature in the RFC's example is an HMAC with ServerKey: so this is the key that it must be.
    server_key = base64.b64decode(verifier.reveal().rpartition(":")[2])
    message = (
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        f"s={RFC_SALT},i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = base64.b64encode(hmac.digest(server_key, message.encode(), "sha256")).decode()
    assert signature == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80))
def test_a_verifier_accepts_its_password_and_no_other(password: str) -> None:
    verifier = make_verifier(SecretValue(password))
    assert accepts(verifier, SecretValue(password), ROLE)
    assert not accepts(verifier, SecretValue(password + "x"), ROLE)
    assert repr(verifier) == "<redacted>"


def test_every_verifier_has_a_salt_of_its_own() -> None:
    assert make_verifier(SecretValue("same")) != make_verifier(SecretValue("same"))


def test_md5_is_known_as_well() -> None:
    old = "md5" + hashlib.md5(b"secret" + ROLE.encode(), usedforsecurity=False).hexdigest()
    assert accepts(SecretValue(old), SecretValue("secret"), ROLE)
    assert not accepts(SecretValue(old), SecretValue("other"), ROLE)
    assert not accepts(SecretValue(old), SecretValue("secret"), "another role")


@pytest.mark.parametrize(
    "text",
    ["", "in plain text", "md5", "SCRAM-SHA-256$4096:AA==$AA==:AA==", "SCRAM-SHA-256$0:YWJjYWJjYWJjYWJj$A:B"],
)
def test_what_is_no_verifier_accepts_nothing(text: str) -> None:
    assert not accepts(SecretValue(text), SecretValue(text), ROLE)


def test_a_password_that_no_client_could_send() -> None:
    with pytest.raises(RefusedError):
        make_verifier(SecretValue("with a \x07 bell"))


def test_with_a_real_postgres(postgres_bin_dir: Path, tmp_path: Path) -> None:
    def psql(port: int, statement: str, *, user: str = "postgres", password: str = "", code: int = 0) -> str:
        host = "127.0.0.1" if password else str(tmp_path / "database")  # the socket asks for none
        command = [str(postgres_bin_dir / "psql"), "-X", "-q", "-A", "-t", "-w", "-h", host, "-p", str(port)]
        done = subprocess.run(
            [*command, "-U", user, "-d", "postgres", "-v", "ON_ERROR_STOP=1"],
            input=statement,
            env={**os.environ, "PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done
        return done.stdout.strip()

    kept = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{ROLE}'"
    with postgres(postgres_bin_dir, tmp_path / "database", "first") as port:
        for password in PASSWORDS:
            quoted = password.replace("'", "''")
            psql(port, f"ALTER ROLE {ROLE} PASSWORD '{quoted}'")
            theirs = SecretValue(psql(port, kept))
            assert accepts(theirs, SecretValue(password), ROLE), "what PostgreSQL made of it"
            assert not accepts(theirs, SecretValue("other"), ROLE)
            ours = make_verifier(SecretValue(password)).reveal()
            psql(port, f"ALTER ROLE {ROLE} PASSWORD '{ours}'")
            assert psql(port, kept) == ours
            assert psql(port, "SELECT 1", user=ROLE, password=password) == "1"
            psql(port, "SELECT 1", user=ROLE, password="other", code=2)
        psql(port, f"SET password_encryption = 'md5'; ALTER ROLE {ROLE} PASSWORD 'old'")
        assert accepts(SecretValue(psql(port, kept)), SecretValue("old"), ROLE)
        psql(port, f"ALTER ROLE {ROLE} PASSWORD NULL")
        assert not accepts(SecretValue(psql(port, f"SELECT coalesce(({kept}), '')")), SecretValue(""), ROLE)

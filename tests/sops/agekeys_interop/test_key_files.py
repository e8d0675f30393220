"""Identity files go both ways between this program, the real sops and the real age-keygen."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.agekeys.generate import (
    encrypt_with_passphrase,
    generate_identity,
    identity_file_text,
    write_identity,
)
from matrix_secrets.agekeys.identity import Unusable
from matrix_secrets.agekeys.identityfile import load_identities, parse_identities
from matrix_secrets.agekeys.recipient import Recipient, RecipientKind
from matrix_secrets.secretvalue import SecretValue
from tests.sops.agekeys_interop.terminal import run_and_answer

if TYPE_CHECKING:
    from pathlib import Path


def test_age_keygen_reads_our_file(age_keygen_binary: Path, tmp_path: Path) -> None:
    identity = generate_identity()
    path = tmp_path / "keys.txt"
    write_identity(path, identity_file_text(identity))
    done = subprocess.run([age_keygen_binary, "-y", path], capture_output=True, text=True, check=True)
    assert done.stdout == f"{identity.recipient}\n"


def test_we_read_age_keygens_file(age_keygen_binary: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    subprocess.run([age_keygen_binary, "-o", path], capture_output=True, check=True)
    (identity,) = load_identities(path, "keys.txt")
    text = path.read_text()
    assert f"# public key: {identity.recipient}\n" in text
    created = text.splitlines()[0]
    ours = identity_file_text(identity).reveal().splitlines()
    assert ours[1:] == text.splitlines()[1:]
    assert len(ours[0]) == len(created)


def test_post_quantum_keys_are_told_apart(age_keygen_binary: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    subprocess.run([age_keygen_binary, "-pq", "-o", path], capture_output=True, check=True)
    done = subprocess.run([age_keygen_binary, "-y", path], capture_output=True, text=True, check=True)
    assert Recipient.parse(done.stdout).kind is RecipientKind.PQ
    (found,) = parse_identities(path.read_bytes(), "keys.txt")
    assert isinstance(found, Unusable)
    assert found.for_binary


@pytest.mark.parametrize("right", [True, False])
def test_sops_asks_for_our_passphrase_file(sops_binary: Path, tmp_path: Path, *, right: bool) -> None:
    identity = generate_identity()
    keys = tmp_path / "keys.txt"
    write_identity(keys, encrypt_with_passphrase(identity_file_text(identity), SecretValue("correct horse")))
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: battery staple\n")
    subprocess.run([sops_binary, "encrypt", "-i", "--age", str(identity.recipient), secret], check=True)
    env = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], "SOPS_AGE_KEY_FILE": str(keys)}
    command = [str(sops_binary), "decrypt", str(secret)]
    code, shown = run_and_answer(command, env, "correct horse" if right else "wrong")
    assert (code == 0) is right, shown
    assert ("password: battery staple" in shown) is right

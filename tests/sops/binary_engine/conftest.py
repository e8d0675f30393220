from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.sops.binary import BinaryEngine
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.process import SopsProgram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """Both engines under one environment; ``recipient`` is that of the identity in it."""

    sops: Path
    env: dict[str, str]
    recipient: str

    @property
    def builtin(self) -> BuiltinEngine:
        return BuiltinEngine(lambda: find_identities(self.env).identities)

    @property
    def binary(self) -> BinaryEngine:
        return BinaryEngine(SopsProgram.at(self.sops, self.env), self.builtin)

    def plain_sops(self, command: str, text: str) -> str:
        """What the command says to standard input, without any help from here."""
        arguments = [str(self.sops), command, "--input-type", "yaml", "--output-type", "yaml"]
        return subprocess.run(
            arguments, input=text.encode(), capture_output=True, check=True, env=self.env
        ).stdout.decode()


@pytest.fixture(scope="session")
def bench(sops_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    identity = generate_identity()
    env = {"HOME": str(tmp_path_factory.mktemp("home")), "PATH": os.environ["PATH"]}
    env["SOPS_AGE_KEY"] = identity.secret.reveal()
    return Bench(sops_binary, env, str(identity.recipient))


@dataclass(frozen=True)
class Pgp:
    """A keyring of its own with one key."""

    home: Path
    fingerprint: str


@pytest.fixture(scope="session")
def pgp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pgp]:
    # A socket's path may have 108 characters at most: the agent's stands in this directory.
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    env = {"HOME": str(home), "GNUPGHOME": str(home), "PATH": os.environ["PATH"]}
    user = "Test <test@example.org>"
    command = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", user, "default", "default", "never"]
    subprocess.run(command, check=True, capture_output=True, env=env)
    listed = subprocess.run(
        ["gpg", "--list-keys", "--with-colons"], check=True, capture_output=True, text=True, env=env
    )
    fingerprint = next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:"))
    yield Pgp(home, fingerprint)
    subprocess.run(["gpgconf", "--kill", "all"], check=False, env=env)

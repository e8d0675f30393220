"""Data keys go both ways between this program and the real sops."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.agekeys.generate import generate_identity, identity_file_text, write_identity
from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.agekeys.sshkey import parse_ssh_key
from matrix_secrets.agekeys.wrap import unwrap_data_key, wrap_data_key

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "password: correct horse\n"
STANZA = re.compile(r"- enc: \|\n((?: {10,}.*\n)+?)\s+recipient: (.*)\n")


def sops(binary: Path, *words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    return subprocess.run([binary, *words], env=kept | env, capture_output=True, text=True, check=False)


def encrypted(binary: Path, folder: Path, recipients: str) -> Path:
    path = folder / "secret.yaml"
    path.write_text(PLAIN)
    done = sops(binary, "encrypt", "-i", "--age", recipients, str(path), env={})
    assert done.returncode == 0, done.stderr
    return path


def stanzas(path: Path) -> list[tuple[str, str]]:
    found = STANZA.findall(path.read_text())
    return [(who, "".join(f"{line.strip()}\n" for line in armored.splitlines())) for armored, who in found]


def ssh_identity(kind: str) -> Identity:
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption())
    identity = parse_ssh_key(pem, kind)
    assert isinstance(identity, Identity)
    return identity


def key_env(identity: Identity, folder: Path) -> dict[str, str]:
    path = folder / f"{identity.recipient.kind}.key"
    write_identity(path, identity.secret)
    name = "SOPS_AGE_SSH_PRIVATE_KEY_FILE" if identity.recipient.kind == "ssh" else "SOPS_AGE_KEY_FILE"
    return {name: str(path)}


@pytest.fixture(params=["x25519", "ed25519", "rsa"])
def identity(request: pytest.FixtureRequest) -> Identity:
    return generate_identity() if request.param == "x25519" else ssh_identity(request.param)


def test_a_data_key_that_sops_wrapped_opens(sops_binary: Path, tmp_path: Path, identity: Identity) -> None:
    other = generate_identity()
    path = encrypted(sops_binary, tmp_path, f"{other.recipient},{identity.recipient}")
    wrapped = stanzas(path)
    assert [who for who, _ in wrapped] == [str(other.recipient), str(identity.recipient)]
    data_key = unwrap_data_key(wrapped, [identity])
    assert data_key is not None
    assert len(data_key) == 32
    assert unwrap_data_key(wrapped, [other]) == data_key
    assert unwrap_data_key(wrapped, [generate_identity()]) is None


def test_a_data_key_wrapped_here_opens_with_sops(sops_binary: Path, tmp_path: Path, identity: Identity) -> None:
    owner = generate_identity()
    path = encrypted(sops_binary, tmp_path, str(owner.recipient))
    data_key = unwrap_data_key(stanzas(path), [owner])
    assert data_key is not None
    env = key_env(identity, tmp_path)
    assert sops(sops_binary, "decrypt", str(path), env=env).returncode != 0
    (armored,) = wrap_data_key(data_key, [identity.recipient]).values()
    block = "".join(f"            {line}\n" for line in armored.splitlines())
    new = f"- enc: |\n{block}          recipient: {identity.recipient}\n"
    path.write_text(STANZA.sub(lambda _: new, path.read_text()))
    done = sops(sops_binary, "decrypt", str(path), env=env)
    assert (done.returncode, done.stdout) == (0, PLAIN), done.stderr


def test_the_armor_has_the_form_of_sops(sops_binary: Path, tmp_path: Path) -> None:
    """Same first and last line, same line lengths, same line end: sops itself rewrites nothing of it."""
    identity = generate_identity()
    ((_, theirs),) = stanzas(encrypted(sops_binary, tmp_path, str(identity.recipient)))
    (ours,) = wrap_data_key(b"k" * 32, [identity.recipient]).values()
    assert {len(line) for line in ours.splitlines()[1:-2]} == {len(line) for line in theirs.splitlines()[1:-2]} == {64}
    assert (ours.splitlines()[0], ours.splitlines()[-1]) == (theirs.splitlines()[0], theirs.splitlines()[-1])
    assert ours.endswith("-----\n")


@pytest.mark.parametrize("place", ["config", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD"])
def test_sops_finds_an_identity_where_we_do(sops_binary: Path, tmp_path: Path, place: str) -> None:
    identity = generate_identity()
    home = tmp_path / "home"
    file = home / ".config" / "sops" / "age" / "keys.txt" if place == "config" else home / "other"
    write_identity(file, identity_file_text(identity))
    values = {"SOPS_AGE_KEY_FILE": str(file), "SOPS_AGE_KEY_CMD": f"cat '{file}'"}
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    if place != "config":
        env[place] = values.get(place, identity.secret.reveal())
    path = encrypted(sops_binary, tmp_path, str(identity.recipient))
    assert sops(sops_binary, "decrypt", str(path), env=env).stdout == PLAIN
    found = find_identities(env)
    assert found.identities == (identity,)


STRICT = {
    "plain": ("{key}\n", True),
    "comment and empty line": ("# a\n\n{key}\n", True),
    "windows": ("# a\r\n{key}\r\n", True),
    "no last line end": ("{key}", True),
    "space before": (" {key}\n", False),
    "space after": ("{key} \n", False),
    "line of spaces": ("  \n{key}\n", False),
    "indented comment": (" # a\n{key}\n", False),
    "byte order mark": ("\ufeff{key}\n", False),
    "rubbish": ("{key}\nrubbish\n", False),
    "two on a line": ("{key} {key}\n", False),
    "lower case": ("{lower}\n", False),
    "empty": ("", False),
}


@pytest.mark.parametrize(("text", "reads"), STRICT.values(), ids=STRICT.keys())
def test_we_are_as_strict_as_sops(sops_binary: Path, tmp_path: Path, text: str, *, reads: bool) -> None:
    identity = generate_identity()
    key = identity.secret.reveal()
    file = tmp_path / "keys.txt"
    file.write_text(text.format(key=key, lower=key.lower()), newline="")
    path = encrypted(sops_binary, tmp_path, str(identity.recipient))
    env = {"SOPS_AGE_KEY_FILE": str(file), "HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
    assert (sops(sops_binary, "decrypt", str(path), env=env).returncode == 0) is reads
    assert (find_identities(env).identities == (identity,)) is reads

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ed25519

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.agekeys.generate import encrypt_with_passphrase, generate_identity, identity_file_text
from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.agekeys.places import default_key_path, shown
from matrix_secrets.errors import RefusedError
from matrix_secrets.secretvalue import SecretValue


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def put(path: Path, content: Identity | str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    match content:
        case Identity():
            path.write_text(content.secret.reveal())
        case str():
            path.write_text(content)
        case bytes():
            path.write_bytes(content)
    return path


def ssh_key(passphrase: bytes | None = None) -> bytes:
    how = forms.NoEncryption() if passphrase is None else forms.BestAvailableEncryption(passphrase)
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, how)


def test_nothing_anywhere_names_every_place(home: Path) -> None:
    found = find_identities({"HOME": str(home)}, platform="linux")
    assert (found.identities, found.locked, found.unusable) == ((), (), ())
    assert found.empty == (
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
        "~/.ssh/id_ed25519",
        "~/.ssh/id_rsa",
        "SOPS_AGE_KEY",
        "SOPS_AGE_KEY_FILE",
        "SOPS_AGE_KEY_CMD",
        "~/.config/sops/age/keys.txt",
    )


def test_every_place_is_read_in_sops_order(home: Path, tmp_path: Path) -> None:
    keys = [generate_identity() for _ in range(4)]
    put(home / ".ssh" / "id_ed25519", ssh_key())
    put(home / ".config" / "sops" / "age" / "keys.txt", keys[3])
    env = {
        "HOME": str(home),
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(put(tmp_path / "ssh1", ssh_key())),
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD": f"cat {put(tmp_path / 'ssh2', ssh_key())}",
        "SOPS_AGE_KEY": keys[0].secret.reveal(),
        "SOPS_AGE_KEY_FILE": str(put(tmp_path / "age1", keys[1])),
        "SOPS_AGE_KEY_CMD": f"cat '{put(tmp_path / 'age 2', keys[2])}'",
    }
    found = find_identities(env, platform="linux")
    assert found.unusable == ()
    assert [identity.source for identity in found.identities] == [
        f"SOPS_AGE_SSH_PRIVATE_KEY_FILE ({tmp_path / 'ssh1'})",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
        "~/.ssh/id_ed25519",
        "SOPS_AGE_KEY",
        f"SOPS_AGE_KEY_FILE ({tmp_path / 'age1'})",
        "SOPS_AGE_KEY_CMD",
        "~/.config/sops/age/keys.txt",
    ]
    assert list(found.identities[3:]) == keys


def test_what_is_broken_does_not_hide_the_rest(home: Path, tmp_path: Path) -> None:
    good = generate_identity()
    put(home / ".config" / "sops" / "age" / "keys.txt", good)
    put(home / ".ssh" / "id_rsa", "no key at all")
    put(tmp_path / "bad", f"{generate_identity().secret.reveal()}\nrubbish-canary\n")
    env = {
        "HOME": str(home),
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE": "",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD": "cat 'unclosed",
        "SOPS_AGE_KEY": " ",
        "SOPS_AGE_KEY_FILE": str(tmp_path / "bad"),
        "SOPS_AGE_KEY_CMD": "false",
    }
    found = find_identities(env, platform="linux")
    assert found.identities == (good,)
    reasons = {item.source.partition(" (")[0]: item.reason for item in found.unusable}
    assert "cannot be read" in reasons["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] or "no such file" in str(reasons)
    assert "unclosed quote" in reasons["SOPS_AGE_SSH_PRIVATE_KEY_CMD"]
    assert "damaged" in reasons["~/.ssh/id_rsa"]
    assert "line 2" in reasons["SOPS_AGE_KEY_FILE"]
    assert "exit code 1" in reasons["SOPS_AGE_KEY_CMD"]
    assert "canary" not in str(found)
    assert "SOPS_AGE_KEY" in found.empty


def test_a_key_command_is_told_each_recipient(home: Path, tmp_path: Path) -> None:
    first, second = generate_identity(), generate_identity()
    for identity in (first, second):
        put(tmp_path / str(identity.recipient), identity)
    script = put(tmp_path / "give", f'#!/bin/sh\ncat "{tmp_path}/$SOPS_AGE_RECIPIENT"\n')
    script.chmod(0o755)
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "SOPS_AGE_KEY_CMD": str(script)}
    wanted = [str(second.recipient), str(first.recipient)]
    assert find_identities(env, recipients=wanted).identities == (second, first)
    assert find_identities(env, recipients=wanted[:1]).identities == (second,)


def test_the_same_key_twice_counts_once(home: Path) -> None:
    key = generate_identity()
    path = put(home / ".config" / "sops" / "age" / "keys.txt", key)
    found = find_identities({"HOME": str(home), "SOPS_AGE_KEY_FILE": str(path)}, platform="linux")
    assert [identity.source for identity in found.identities] == ["SOPS_AGE_KEY_FILE (~/.config/sops/age/keys.txt)"]


def test_passphrases_are_asked_for_only_when_wanted(home: Path) -> None:
    key = generate_identity()
    text = encrypt_with_passphrase(identity_file_text(key), SecretValue("age pass"))
    put(home / ".config" / "sops" / "age" / "keys.txt", text)
    put(home / ".ssh" / "id_ed25519", ssh_key(b"ssh pass"))
    env = {"HOME": str(home)}
    found = find_identities(env, platform="linux")
    assert found.identities == ()
    assert [locked.source for locked in found.locked] == ["~/.ssh/id_ed25519", "~/.config/sops/age/keys.txt"]
    assert found.locked[0].recipient is not None
    answers = {"~/.ssh/id_ed25519": "ssh pass", "~/.config/sops/age/keys.txt": "age pass"}
    opened = found.unlock(lambda source: SecretValue(answers[source]))
    assert len(opened.identities) == 2
    assert opened.identities[1] == key
    assert opened.locked == ()
    wrong = find_identities(env, platform="linux", ask_passphrase=lambda _: SecretValue("wrong"))
    assert wrong.identities == ()
    assert all("does not open with that passphrase" in item.reason for item in wrong.unusable)
    declined = found.unlock(lambda _: None)
    assert all("was not given" in item.reason for item in declined.unusable)


def test_a_command_may_not_print_a_locked_ssh_key(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path / "locked", ssh_key(b"x"))
    found = find_identities({"HOME": str(home), "SOPS_AGE_SSH_PRIVATE_KEY_CMD": f"cat {path}"})
    assert "sops does not support" in found.unusable[0].reason


def test_where_the_key_file_is() -> None:
    assert default_key_path({"HOME": "/h"}, "linux") == Path("/h/.config/sops/age/keys.txt")
    assert default_key_path({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "linux") == Path("/x/sops/age/keys.txt")
    mac = Path("/h/Library/Application Support/sops/age/keys.txt")
    assert default_key_path({"HOME": "/h"}, "darwin") == mac
    assert default_key_path({"HOME": "/h", "XDG_CONFIG_HOME": ""}, "darwin") == mac
    assert default_key_path({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "darwin") == Path("/x/sops/age/keys.txt")
    for env in ({}, {"HOME": ""}, {"HOME": "/h", "XDG_CONFIG_HOME": "rel"}):
        with pytest.raises(RefusedError):
            default_key_path(env, "linux")


def test_no_home_at_all_is_no_crash() -> None:
    key = generate_identity()
    found = find_identities({"SOPS_AGE_KEY": key.secret.reveal()}, platform="linux")
    assert found.identities == (key,)
    assert {item.source for item in found.unusable} == {"~/.ssh", "sops/age/keys.txt"}


def test_shown_paths() -> None:
    assert shown(Path("/h/x"), {"HOME": "/h"}) == "~/x"
    assert shown(Path("/other"), {"HOME": "/h"}) == "/other"
    assert shown(Path("/other"), {}) == "/other"

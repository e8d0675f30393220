"""Sops's own test data: see tests/data/sops/README.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from conforming.earlier import READER, Written, read, written
from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.agekeys.sshkey import parse_ssh_key
from matrix_secrets.agekeys.wrap import unwrap_data_key
from matrix_secrets.errors import NoIdentityError, TamperedError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.cipher import DataKey
from matrix_secrets.sops.metadata import is_encrypted, read_metadata
from matrix_secrets.sops.opening import open_file

DATA: Final = Path(__file__).parents[2] / "data" / "sops"
KEYS: Final = {name: DataKey(bytes.fromhex(key)) for name, key in json.loads((DATA / "keys.json").read_text()).items()}
AGE: Final = json.loads((DATA / "age.json").read_text())
COMMENTED: Final = "# first comment in file\nlorem: ipsum\n# this-is-a-comment\ndolor: sit\n"
PLAIN: Final = {
    "comments.enc.yaml": ("3.6.1", COMMENTED),
    "comments_unencrypted_comments.yaml": ("3.3.1", COMMENTED),
    "multiple_keys.yaml": ("3.3.1", "message: hello\n"),
    "format.enc.yaml": ("3.13.1", "foo: bar\n"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_files_of_earlier_releases_open(name: str) -> None:
    stream = parse((DATA / name).read_text(), name)
    assert is_encrypted(stream)
    metadata = read_metadata(stream)
    assert (metadata.version, metadata.other_keys, metadata.age) == (PLAIN[name][0], ("pgp",), ())
    assert open_file(stream, metadata, KEYS[name]).plain == PLAIN[name][1]


def test_a_file_without_a_mac_is_refused() -> None:
    stream = parse((DATA / "no_mac.yaml").read_text(), "no_mac.yaml")
    with pytest.raises(TamperedError, match="has no MAC"):
        open_file(stream, read_metadata(stream), KEYS["no_mac.yaml"])


def test_files_for_other_kinds_of_keys_are_named() -> None:
    engine = BuiltinEngine(tuple)
    with pytest.raises(NoIdentityError, match="is encrypted for pgp: only the sops program can open it"):
        engine.decrypt((DATA / "format.enc.yaml").read_text(), file="format.enc.yaml")


def identity(kind: str) -> Identity:
    text = AGE[kind]["identity"]
    found = parse_ssh_key(text.encode(), kind) if kind.startswith("ssh") else Identity.from_age_key(text, kind)
    assert isinstance(found, Identity)
    return found


@pytest.mark.parametrize("found", written(), ids=lambda found: f"{found.version} {found.name}")
def test_files_for_age_of_earlier_releases_open(found: Written) -> None:
    metadata = read_metadata(parse(found.text, found.name))
    assert (metadata.version, metadata.other_keys) == (found.version, ())
    assert len(metadata.age) == (2 if found.name == "recipients.yaml" else 1)
    read(found)


@pytest.mark.parametrize("found", written(), ids=lambda found: f"{found.version} {found.name}")
def test_swapped_ciphertexts_of_earlier_releases_are_refused(found: Written) -> None:
    ciphertexts = re.findall(r"ENC\[AES256_GCM[^]]*type:str\]", found.text)
    one, other = ciphertexts[0], ciphertexts[-1]  # a value, and the MAC
    swapped = found.text.replace(one, "?").replace(other, one).replace("?", other)
    with pytest.raises(TamperedError):
        BuiltinEngine(lambda: [READER]).decrypt(swapped, file=found.name)


def test_two_earlier_releases_are_there() -> None:
    assert {found.version for found in written()} == {"3.7.3", "3.8.1"}
    assert len(written()) == 12


@pytest.mark.parametrize("kind", ["x25519", "ssh-ed25519"])
def test_data_keys_of_sops_open(kind: str) -> None:
    vector = AGE[kind]
    recipient = Recipient.parse(vector["recipient"])
    assert identity(kind).recipient == recipient
    stanza = (vector["recipient"], vector["encrypted"])
    assert unwrap_data_key([stanza], [identity(kind)]) == vector["plain"].encode()
    assert unwrap_data_key([stanza], [identity("other")]) is None

"""The ``sops:`` block, as it is written today and as older releases wrote it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.metadata import (
    FORMAT_VERSION,
    Metadata,
    is_encrypted,
    read_metadata,
    render_block,
    render_flow,
)
from tests.unit.sops.builtintexts import ENGINE, FILE, IDENTITY, rule

METADATA = Metadata(
    age=(("age1abc", "-----BEGIN-----\nx\n-----END-----\n"), ("ssh-ed25519 AAAA me@host", "y\n")),
    lastmodified="2026-01-02T03:04:05Z",
    mac="ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]",
    encrypted_regex="^(data|stringData)$",
    mac_only_encrypted=True,
)


def test_the_block_as_sops_writes_it() -> None:
    assert render_block(METADATA, indent="", newline="\n") == (
        "sops:\n  age:\n    - enc: |\n        -----BEGIN-----\n        x\n        -----END-----\n"
        "      recipient: age1abc\n"
        "    - enc: |\n        y\n      recipient: ssh-ed25519 AAAA me@host\n"
        "  encrypted_regex: ^(data|stringData)$\n"
        '  lastmodified: "2026-01-02T03:04:05Z"\n'
        "  mac: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n"
        "  mac_only_encrypted: true\n"
        f"  version: {FORMAT_VERSION}\n"
    )


@pytest.mark.parametrize("indent", ["", "   "])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "metadata",
    [
        METADATA,
        replace(METADATA, encrypted_regex="", unencrypted_suffix="_unencrypted", mac_only_encrypted=False),
        replace(METADATA, encrypted_regex="", unencrypted_comment_regex="# no: 'quotes' \"here\""),
        replace(METADATA, encrypted_regex="a: b"),
    ],
)
def test_what_is_written_is_read(metadata: Metadata, indent: str, newline: str) -> None:
    text = f"{indent}a: 1{newline}" + render_block(metadata, indent=indent, newline=newline)
    assert read_metadata(parse(text)) == metadata
    assert read_metadata(parse("{" + render_flow(metadata) + "}")) == metadata


def older(text: str) -> str:
    """The block as sops 3.7 wrote it: all key kinds listed, other quotes, the recipient first, four spaces."""
    age = re.search(r"    - enc: \|\n((?:        .*\n)+)      recipient: (.*)\n", text)
    mac = re.search(r"  mac: (.*)\n", text)
    modified = re.search(r'  lastmodified: "(.*)"\n', text)
    assert age
    assert mac
    assert modified
    enc = "".join(f"            {line.strip()}\n" for line in age[1].splitlines())
    block = (
        "sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n    age:\n"
        f"        - recipient: {age[2]}\n          enc: |\n{enc}"
        f"    lastmodified: '{modified[1]}'\n    mac: {mac[1]}\n    pgp: []\n"
        "    encrypted_regex: ^(data|stringData)$\n    version: 3.7.3\n"
    )
    return text[: text.index("sops:\n")] + block


def test_files_of_older_releases() -> None:
    plain = "kind: Secret\nstringData:\n  a: b\n"
    text = older(
        ENGINE.encrypt(
            plain, file=FILE, rule=rule({"encrypted_regex": "^(data|stringData)$"}, mac_only_encrypted=False)
        ).text
    )
    assert is_encrypted(parse(text))
    assert ENGINE.decrypt(text, file=FILE) == plain
    assert read_metadata(parse(text)).age[0][0] == IDENTITY.recipient.key
    updated = ENGINE.update(text, plain.replace("a: b", "a: c"), file=FILE).text
    changed = [new for old, new in zip(text.split("\n"), updated.split("\n"), strict=True) if old != new]
    assert [line.split(":")[0].strip() for line in changed] in (["a", "lastmodified", "mac"], ["a", "mac"])
    assert "lastmodified: '20" in updated


@pytest.mark.parametrize(
    ("modified", "aad"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.5+02:00", "2026-01-02T03:04:05+02:00"),
    ],
)
def test_the_date_as_it_is_authenticated(modified: str, aad: str) -> None:
    assert replace(METADATA, lastmodified=modified).mac_aad == aad


def test_one_key_group_is_none_and_several_are_named() -> None:
    one = "sops:\n  key_groups:\n    - age:\n        - {recipient: age1abc, enc: x}\n  mac: x\n  lastmodified: y\n"
    two = one.replace("  mac:", "    - pgp:\n        - {fp: x, enc: y}\n  mac:")
    assert read_metadata(parse(one)).groups == 1
    assert read_metadata(parse(one)).age == (("age1abc", "x"),)
    assert (read_metadata(parse(two)).groups, read_metadata(parse(two)).other_keys) == (2, ("pgp",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n", False),
        ("sops: 1\n", False),
        ("sops:\n  a: 1\n", False),
        ("# sops\na: {sops: {mac: x}}\n", False),
        ("a: 1\nsops:\n  mac: x\n", True),
        ("a: 1\n---\nsops:\n  lastmodified: x\n", True),
        ('{"a": 1, "sops": {"mac": "x"}}\n', True),
    ],
)
def test_recognition(text: str, expected: bool) -> None:
    assert is_encrypted(parse(text)) is expected

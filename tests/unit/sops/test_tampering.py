"""Whatever is changed in an encrypted file by hand is found, and its place is named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError, TamperedError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.metadata import read_metadata
from tests.unit.sops.builtintexts import ENGINE, FILE, rule

PLAIN = """\
kind: Secret
metadata:
  name: s
stringData:
  one: first
  two: second
  # a comment
  list:
    - third
    - fourth
---
kind: ConfigMap
data:
  one: fifth
"""
ONLY = ENGINE.encrypt(PLAIN, file=FILE, rule=rule({"encrypted_regex": "^(data|stringData)$"})).text
WHOLE = ENGINE.encrypt(
    PLAIN, file=FILE, rule=rule({"encrypted_regex": "^(data|stringData)$"}, mac_only_encrypted=False)
).text
CIPHERTEXT = re.compile(r"ENC\[AES256_GCM,[^\]]*type:str\]")


def line(text: str, key: str) -> str:
    return next(line for line in text.split("\n") if line.strip().startswith(key))


def swapped(text: str, one: str, two: str) -> str:
    return text.replace(one, "\0").replace(two, one).replace("\0", two)


def test_values_of_two_keys_swapped() -> None:
    one, two = (CIPHERTEXT.findall(line(ONLY, key))[0] for key in ("one:", "two:"))
    with pytest.raises(TamperedError, match="does not decrypt") as caught:
        ENGINE.decrypt(swapped(ONLY, one, two), file=FILE)
    assert str(caught.value).startswith(f"{FILE} › Secret/s › stringData › one: ")


def test_entries_of_a_list_swapped() -> None:
    one, two = [found for found in ONLY.split("\n") if found.startswith("    - ENC")]
    with pytest.raises(TamperedError, match="MAC"):
        ENGINE.decrypt(swapped(ONLY, one, two), file=FILE)


def test_a_key_renamed() -> None:
    with pytest.raises(TamperedError, match="does not decrypt"):
        ENGINE.decrypt(ONLY.replace("  two: ", "  too: "), file=FILE)


def test_a_value_removed() -> None:
    with pytest.raises(TamperedError, match="MAC"):
        ENGINE.decrypt(ONLY.replace(line(ONLY, "two:") + "\n", ""), file=FILE)


def test_a_plain_value_added_where_ciphertext_belongs() -> None:
    with pytest.raises(TamperedError, match="plain text where ciphertext") as caught:
        ENGINE.decrypt(ONLY.replace("stringData:\n", "stringData:\n  zero: hunter2\n"), file=FILE)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert "stringData › zero" in str(caught.value)


def test_a_plain_field() -> None:
    assert ENGINE.decrypt(ONLY.replace("kind: Secret", "kind: Sekret"), file=FILE) == PLAIN.replace("Secret", "Sekret")
    with pytest.raises(TamperedError, match="MAC"):
        ENGINE.decrypt(WHOLE.replace("kind: Secret", "kind: Sekret"), file=FILE)


def test_a_document_removed() -> None:
    with pytest.raises(TamperedError, match="MAC"):
        ENGINE.decrypt(ONLY.partition("---\nkind: ConfigMap")[0], file=FILE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lastmodified: ", "lastmodified: 2020-01-01T00:00:00Z # "),
        ("mac: ENC[AES256_GCM,data:", "mac: ENC[AES256_GCM,data:AAAA"),
        ("  mac: ", "  mac: '' # "),
        ("  mac: ", "  mac_: "),
        ("mac_only_encrypted: true", "mac_only_encrypted: false"),
        ("encrypted_regex: ^(data|stringData)$", "encrypted_regex: ^stringData$"),
    ],
)
def test_the_metadata(old: str, new: str) -> None:
    with pytest.raises(TamperedError):
        ENGINE.decrypt(ONLY.replace(old, new), file=FILE)


def test_only_the_block_of_the_first_document_counts() -> None:
    head, _, tail = ONLY.partition("\n---\n")
    changed = f"{head}\n---\n{tail.replace('lastmodified: ', 'lastmodified: 2020-01-01T00:00:00Z # ')}"
    assert ENGINE.decrypt(changed, file=FILE) == PLAIN


def test_a_comment_is_not_in_the_mac_but_authentic() -> None:
    found = next(found for found in ONLY.split("\n") if found.startswith("  #ENC"))
    assert ENGINE.decrypt(ONLY.replace(found + "\n", ""), file=FILE) == PLAIN.replace("  # a comment\n", "")
    damaged = found.replace("data:", "data:AAAA")
    assert ENGINE.decrypt(ONLY.replace(found, damaged), file=FILE) == PLAIN.replace("  # a comment", damaged)


@given(st.data())
def test_no_flipped_character_passes_unseen(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(ONLY) - 1))
    new = data.draw(st.characters(codec="ascii"))
    changed = ONLY[:at] + new + ONLY[at + 1 :]
    try:
        plain = ENGINE.decrypt(changed, file=FILE)
    except (TamperedError, BadManifestError, NoIdentityError):
        return
    except MatrixSecretsError as error:
        pytest.fail(f"an error of another kind: {type(error)}")
    old, values = parse(PLAIN), parse(plain)
    if len(values.documents) == len(old.documents):
        secret = [("stringData", "one"), ("stringData", "two"), ("stringData", "list", 0)]
        from matrix_secrets.manifests.nodes import text_at  # noqa: PLC0415

        for path in secret:
            assert text_at(values.documents[0].root, path) in {text_at(old.documents[0].root, path), None}


def test_a_damaged_stanza_does_not_stop_another() -> None:
    metadata = read_metadata(parse(ONLY))
    armored = metadata.age[0][1].strip().split("\n")
    broken = "\n".join(f"        {one}" for one in [armored[0], armored[1][::-1], *armored[2:]])
    entry = f"    - enc: |\n{broken}\n      recipient: {metadata.age[0][0]}\n"
    assert ENGINE.decrypt(ONLY.replace("  age:\n", f"  age:\n{entry}"), file=FILE) == PLAIN

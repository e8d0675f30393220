"""What cannot be encrypted safely is refused by name, with place and cure, and never with the value."""

from __future__ import annotations

import pytest

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, NoIdentityError, RefusedError
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import CreationRule
from tests.unit.sops.builtintexts import ENGINE, FILE, IDENTITY, rule

SECRET = "kind: Secret\nmetadata:\n  name: s\nstringData:\n"
REGEX = {"encrypted_regex": "^(data|stringData)$"}
PLACE = f"{FILE} › Secret/s › stringData › key"

IN_BRANCH = {
    "octal": "  key: 0123\n",
    "hexadecimal": "  key: 0x1F\n",
    "float with a zero": "  key: 1.10\n",
    "exponent": "  key: 1e5\n",
    "underscores": "  key: 1_000\n",
    "date": "  key: 2024-01-31\n",
    "upper-case boolean": "  key: True\n",
    "yes": "  key: yes\n",
    "base 60": "  key: 12:30\n",
    "tag": "  key: !!str 12\n",
    "own tag": "  key: !mine x\n",
    "looks like ciphertext": "  key: ENC[something]\n",
    "too big": "  key: 99999999999999999999\n",
    "beyond int64": "  key: 9223372036854775808\n",
}


@pytest.mark.parametrize("lines", IN_BRANCH.values(), ids=IN_BRANCH)
def test_in_an_encrypted_branch(lines: str) -> None:
    with pytest.raises(BadManifestError) as caught:
        ENGINE.encrypt(SECRET + lines, file=FILE, rule=rule(REGEX))
    assert str(caught.value).startswith(f"{PLACE}, line 5: ")
    assert caught.value.hint
    value = lines.partition(": ")[2].strip()
    assert value not in f"{caught.value.message} {caught.value.hint}"


ANYWHERE = {
    "a list at the top": ("- a\n", "its top level"),
    "a value at the top": ("word\n", "its top level"),
    "nothing": ("", "no document"),
    "nothing but a comment": ("# c\n", "no document"),
    "a number as key": ("1: a\n", "a key that is no string"),
    "a boolean as key": ("a:\n  true: b\n", "a key that is no string"),
    "no key": ("a:\n  ? \n  : b\n", "a key that is no string"),
    "a list as key": ("? [a]\n: b\n", "a key that is no string"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "twice"),
    "a duplicate key in a later document": ("a: 1\n---\nb:\n  c: 1\n  'c': 2\n", "twice"),
    "a directive": ("%YAML 1.2\n---\na: 1\n", "directive"),
    "an escaped slash": ('a: "x\\/y"\n', r"the escape \/"),
    "an escaped slash in a key": ('"x\\/y": 1\n', r"the escape \/"),
    "a question mark in a flow collection": ("a: [x?y]\n", "a ?"),
    "beyond int64": ("a: 9223372036854775808\n", "64 bits"),
    "a tag that does not fit": ("a: !!int x\n", "a tag"),
    "an alias": ("a: &x 1\nstringData:\n  b: *x\n", "an alias"),
    "a merge key": ("a: &x {c: 1}\nstringData:\n  <<: *x\n", "a merge key"),
    "an alias to what is encrypted": ("stringData:\n  b: &x secret\nc: *x\n", "an anchor on an encrypted value"),
    "an alias to a branch": ("stringData: &x\n  b: secret\nc: *x\n", "an anchor on an encrypted value"),
    "an alias that contains itself": ("a: &x [*x]\n", "an alias that contains itself"),
    "a tag on a branch": ("stringData: !mine\n  b: secret\n", "a tag"),
    "ciphertext": ("a: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n", "ciphertext in a file"),
    "ciphertext in a comment": ("data:\n  # c\n  #ENC[AES256_GCM,x]\n  a: b\n", "a comment that is ciphertext"),
    "a key sops": ("a: 1\nsops: x\n", "encrypted already"),
    "a key sops in a later document": ("a: 1\n---\nsops: x\n", "encrypted already"),
    "an explicit null": ("a: 1\n--- ~\n", "a document that is null"),
    "a merge key without a mapping": ("a:\n  <<: b\n", "a merge key without"),
    "a byte order mark in the middle": ("a: b\n---\n\ufeffc: d\n", "a byte order mark"),
    "a lone carriage return": ("a: 1\rb: 2\n", "a line break"),
    "a next-line character": ("a: b # c\x85# d\n", "a line break"),
    "empty lines only": ("stringData:\n  b: |+\n\n\nc: d\n", "empty lines"),
}


@pytest.mark.parametrize(("text", "what"), ANYWHERE.values(), ids=ANYWHERE)
def test_anywhere(text: str, what: str) -> None:
    with pytest.raises(BadManifestError) as caught:
        ENGINE.encrypt(text, file=FILE, rule=rule(REGEX))
    assert what in caught.value.message
    assert str(caught.value).startswith(FILE)
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_an_encrypted_file_is_not_encrypted_again() -> None:
    text = ENGINE.encrypt("a: b\n", file=FILE, rule=rule()).text
    with pytest.raises(BadManifestError, match="encrypted already"):
        ENGINE.encrypt(text, file=FILE, rule=rule())


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        (CreationRule("", ()), "no recipient"),
        (CreationRule("", (IDENTITY.recipient.key,), other_keys=("kms",)), "kms"),
        (CreationRule("", (IDENTITY.recipient.key,), groups=2), "several key groups"),
        (CreationRule("", ("age1nonsense",)), "not an age recipient"),
    ],
)
def test_rules_that_ask_for_what_cannot_be_done(wanted: CreationRule, what: str) -> None:
    with pytest.raises(MatrixSecretsError, match=what) as caught:
        ENGINE.encrypt("a: b\n", file=FILE, rule=wanted)
    assert isinstance(caught.value, RefusedError)
    assert caught.value.hint


def test_without_an_identity() -> None:
    text = ENGINE.encrypt("a: b\n", file=FILE, rule=rule()).text
    with pytest.raises(NoIdentityError, match="no identity at hand") as caught:
        BuiltinEngine(list).decrypt(text, file=FILE)
    assert caught.value.cause
    assert IDENTITY.recipient.short in caught.value.cause


def test_a_file_for_others_than_age() -> None:
    text = ENGINE.encrypt("a: b\n", file=FILE, rule=rule()).text
    start, end = text.index("  age:"), text.index("  lastmodified")
    other = text[:start] + "  kms:\n    - arn: x\n      enc: y\n" + text[end:]
    with pytest.raises(NoIdentityError, match="kms") as caught:
        ENGINE.decrypt(other, file=FILE)
    assert "--engine binary" in (caught.value.hint or "")


def test_no_block_in_the_first_document() -> None:
    with pytest.raises(BadManifestError, match="no sops: block"):
        ENGINE.decrypt("a: 1\n", file=FILE)

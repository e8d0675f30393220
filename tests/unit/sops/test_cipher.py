"""The cipher, against a vector of sops's own tests and against itself."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.sops.cipher import DataKey, NotAuthenticError
from matrix_secrets.sops.format import read
from matrix_secrets.sops.mac import Mac

# sops 3.13.3, aes/cipher_test.go, TestDecrypt: this key, this path, "foo".
KEY = DataKey(b"f" * 32)
VECTOR = (
    "ENC[AES256_GCM,data:oYyi,iv:MyIDYbT718JRr11QtBkcj3Dwm4k1aCGZBVeZf0EyV8o=,tag:t5z2Z023Up0kxwCgw1gNxg==,type:str]"
)


def test_the_vector_of_sops() -> None:
    assert KEY.decrypt(VECTOR, "bar:") == ("str", "foo")
    sealed = read(VECTOR)
    assert sealed is not None
    assert str(sealed) == VECTOR
    assert KEY._encrypt_with(sealed.iv, "foo", "str", "bar:") == VECTOR  # noqa: SLF001  (the variant for vectors)


def test_what_follows_the_bracket_does_not_count() -> None:
    assert KEY.decrypt(VECTOR + " ", "bar:") == ("str", "foo")
    assert KEY.decrypt(VECTOR + "\n", "bar:") == ("str", "foo")


@pytest.mark.parametrize(
    ("text", "aad"),
    [
        (VECTOR, "baz:"),
        (VECTOR.replace("oYyi", "oYyj"), "bar:"),
        (VECTOR.replace("t5z2", "t5z3"), "bar:"),
        (VECTOR.replace("MyID", "MyIE"), "bar:"),
        (VECTOR.replace("oYyi", "o!yi"), "bar:"),
        (VECTOR.removesuffix("]"), "bar:"),
        (VECTOR.replace("iv:MyIDYbT718JRr11QtBkcj3Dwm4k1aCGZBVeZf0EyV8o=", "iv:MyID"), "bar:"),
        ("foo", "bar:"),
        (" " + VECTOR, "bar:"),
    ],
)
def test_what_is_not_authentic(text: str, aad: str) -> None:
    with pytest.raises(NotAuthenticError):
        KEY.decrypt(text, aad)


@given(st.text(min_size=1), st.sampled_from(["str", "int", "comment"]), st.text())
def test_decrypting_gives_back_what_was_encrypted(text: str, kind: str, aad: str) -> None:
    text, aad = (one.encode("utf-8", "replace").decode() for one in (text, aad))
    key = DataKey.new()
    sealed = key.encrypt(text, kind, aad)
    assert key.decrypt(sealed, aad) == (kind, text)
    assert key.encrypt(text, kind, aad) != sealed
    with pytest.raises(NotAuthenticError):
        DataKey.new().decrypt(sealed, aad)


def test_the_empty_text_stays_empty() -> None:
    assert not KEY.encrypt("", "str", "a:")
    assert KEY.decrypt("", "a:") == ("str", "")


def test_a_key_shows_itself_nowhere() -> None:
    assert "f" * 8 not in repr(KEY) + str(KEY) + f"{KEY}"
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_the_mac() -> None:
    whole, partly = Mac(only_encrypted=False), Mac(only_encrypted=True)
    for mac in (whole, partly):
        mac.add("a", encrypted=True)
        mac.add("b", encrypted=False)
    # sha512 of "ab", and of sha256("sops") + "a"
    assert whole.hexdigest().startswith("2D408A0717EC188158278A796C689044")
    assert whole.hexdigest() != partly.hexdigest()
    again = Mac(only_encrypted=True)
    again.add("a", encrypted=True)
    assert partly.hexdigest() == again.hexdigest()

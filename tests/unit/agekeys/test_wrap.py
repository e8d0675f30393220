from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.agekeys.wrap import unwrap_data_key, wrap_data_key
from matrix_secrets.errors import RefusedError

ALICE, BOB, EVE = generate_identity(), generate_identity(), generate_identity()


@given(st.binary(min_size=1, max_size=64))
def test_each_recipient_opens_its_own(data_key: bytes) -> None:
    wrapped = wrap_data_key(data_key, [ALICE.recipient, BOB.recipient])
    assert list(wrapped) == [ALICE.recipient, BOB.recipient]
    stanzas = [(str(recipient), text) for recipient, text in wrapped.items()]
    assert unwrap_data_key(stanzas, [ALICE]) == data_key
    assert unwrap_data_key(stanzas, [EVE, BOB]) == data_key
    assert unwrap_data_key(stanzas[:1], [BOB]) is None
    assert unwrap_data_key(stanzas, [EVE]) is None
    assert unwrap_data_key(stanzas, []) is None
    assert unwrap_data_key([], [ALICE]) is None


def test_the_form_is_sops() -> None:
    (text,) = wrap_data_key(b"k" * 32, [ALICE.recipient]).values()
    lines = text.split("\n")
    assert lines[0] == "-----BEGIN AGE ENCRYPTED FILE-----"
    assert lines[-2:] == ["-----END AGE ENCRYPTED FILE-----", ""]
    assert all(len(line) == 64 for line in lines[1:-3])


def test_a_recipient_twice_counts_once() -> None:
    assert len(wrap_data_key(b"k" * 32, [ALICE.recipient, ALICE.recipient])) == 1


def test_a_mislabelled_stanza_opens_too() -> None:
    (text,) = wrap_data_key(b"k" * 32, [ALICE.recipient]).values()
    for label in (str(BOB.recipient), "", "rubbish"):
        assert unwrap_data_key([(label, text)], [ALICE]) == b"k" * 32


def test_white_space_around_the_armor_does_not_matter() -> None:
    (text,) = wrap_data_key(b"k" * 32, [ALICE.recipient]).values()
    for variant in (text.strip(), f"\n  {text}\n", text.replace("\n", "\r\n")):
        assert unwrap_data_key([("", variant)], [ALICE]) == b"k" * 32


@given(st.text(max_size=100), st.integers(0, 400))
def test_damage_opens_nothing_and_raises_nothing(noise: str, position: int) -> None:
    (text,) = wrap_data_key(b"k" * 32, [ALICE.recipient]).values()
    damaged = text[:position] + noise + text[position + len(noise) :]
    assert unwrap_data_key([(str(ALICE.recipient), damaged)], [ALICE]) in {None, b"k" * 32}
    good = ("", text)
    assert unwrap_data_key([(str(ALICE.recipient), damaged), good], [ALICE]) == b"k" * 32


def test_what_builtin_cannot_do_is_refused_before_anything() -> None:
    plugin = Recipient.parse("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t")
    with pytest.raises(RefusedError, match="only the sops program"):
        wrap_data_key(b"k" * 32, [ALICE.recipient, plugin])

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.agekeys.recipient import Recipient, RecipientKind, native, parse_list
from matrix_secrets.errors import RefusedError

# From sops's own tests (age/keysource_test.go, mockRecipient, mockIdentity, mockSshRecipient).
X25519 = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
PRIVATE = "AGE-SECRET-KEY-1G0Q5K9TV4REQ3ZSQRMTMG8NSWQGYT0T7TZ33RAZEE0GZYVZN0APSU24RK7"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID+Wi8WZw2bXfBpcs/WECttCzP39OkenS6pHWHWGFJvN"
# The example in the manual page of rage (rage -r age1yubikey1…).
PLUGIN = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"


def refusal(text: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        Recipient.parse(text)
    return caught.value


def test_the_kinds() -> None:
    assert Recipient.parse(f" {X25519}\n") == Recipient(X25519, RecipientKind.X25519)
    assert Recipient.parse(SSH).kind is RecipientKind.SSH
    assert Recipient.parse(PLUGIN).kind is RecipientKind.PLUGIN
    assert Recipient.parse(X25519).is_builtin
    assert not Recipient.parse(PLUGIN).is_builtin


def test_an_ssh_comment_is_kept_and_does_not_count() -> None:
    with_comment = Recipient.parse(f"{SSH}  bob@laptop 2 ")
    assert str(with_comment) == f"{SSH} bob@laptop 2"
    assert with_comment == Recipient.parse(SSH)
    assert len({with_comment, Recipient.parse(SSH)}) == 1
    assert with_comment.short == "ssh-ed25519…GFJvN bob@laptop 2"


def test_short_forms() -> None:
    assert Recipient.parse(X25519).short == "age1lzd9…6nvun"
    assert Recipient.parse(PLUGIN).short == "age1yubikey1qwt5…rhl3t"


def test_lists() -> None:
    assert parse_list("") == []
    assert parse_list(f"{X25519}, {SSH}") == [Recipient.parse(X25519), Recipient.parse(SSH)]
    with pytest.raises(RefusedError):
        parse_list(f"{X25519},")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (X25519[:-1], "61 characters|checksum"),
        (X25519.replace("k", "l"), "checksum does not fit"),
        (X25519.replace("u", "b", 1), "'b' at position 10 never occurs"),
        (X25519[:10] + X25519[10:].upper(), "mixed"),
        (X25519.upper(), "lower case"),
        ("age1", "too short"),
        ("", "starts neither"),
        ("bob", "starts neither"),
        ("ssh-dss AAAA", "ssh-dss keys cannot be recipients"),
        (SSH[:-4], "damaged"),
        ("ssh-ed25519", "damaged"),
        (PLUGIN[:-1] + "q", "checksum"),
    ],
)
def test_a_typo_is_told_in_words(text: str, says: str) -> None:
    error = refusal(text)
    assert any(part in str(error) for part in says.split("|")), str(error)
    assert error.hint is not None


@pytest.mark.parametrize(
    "text",
    [
        PRIVATE,
        PRIVATE.lower(),
        f" {PRIVATE} ",
        PRIVATE[:-3],
        "AGE-PLUGIN-YUBIKEY-1QQQ",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n",
    ],
)
def test_a_private_key_is_recognised_and_not_echoed(text: str) -> None:
    error = refusal(text)
    assert "private key" in str(error)
    told = f"{error} {error.hint} {error.cause} {error.__cause__} {error.__context__}".lower()
    for start in range(36 if "BEGIN" in text else 16, len(text) - 12):
        assert text[start : start + 12].lower() not in told


@given(st.integers(0, 61), st.sampled_from(string.ascii_lowercase + string.digits))
def test_any_single_wrong_character_is_found(position: int, character: str) -> None:
    changed = X25519[:position] + character + X25519[position + 1 :]
    if changed == X25519:
        assert Recipient.parse(changed).key == X25519
    else:
        refusal(changed)


@given(st.text())
def test_any_text_is_a_recipient_or_refused(text: str) -> None:
    for candidate in (text, f"age1{text}", f"ssh-ed25519 {text}", f"age1pq1{text}"):
        try:
            recipient = Recipient.parse(candidate)
        except RefusedError:
            continue
        assert Recipient.parse(str(recipient)) == recipient


def test_only_the_sops_program_can_use_plugins() -> None:
    with pytest.raises(RefusedError, match="only the sops program") as caught:
        native(Recipient.parse(PLUGIN))
    assert "sops" in str(caught.value.hint)


def test_a_generated_recipient_parses() -> None:
    recipient = generate_identity().recipient
    assert Recipient.parse(str(recipient)) == recipient

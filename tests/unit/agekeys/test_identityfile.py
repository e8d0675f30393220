from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.agekeys.generate import encrypt_with_passphrase, generate_identity, identity_file_text
from matrix_secrets.agekeys.identity import Identity, Locked, Unusable
from matrix_secrets.agekeys.identityfile import load_identities, parse_identities
from matrix_secrets.errors import NoIdentityError, RefusedError
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = generate_identity(), generate_identity()
KEY_ONE, KEY_TWO = ONE.secret.reveal(), TWO.secret.reveal()
PQ = "AGE-SECRET-KEY-PQ-1JPDDEMSK6G9MG0VNJRSA0QKZ05CF4H6TK50YZGDKZKTRGC5Z7KEQUDUPG6"
# From sops's own tests (age/keysource_test.go, mockEncryptedIdentity, mockRecipient), passphrase "passphrase".
SOPS_RECIPIENT = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
SOPS_ENCRYPTED = b"""-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBMN2FXZW9xSFViYjdNeW5D
dy9iSHFnIDE4Ck9zV0ZoNldmci9rL3VXd3BtZmQvK3VZWEpBQjdhZ0UrcmhqR2lF
YThFMzAKLS0tIGVEQ0xwODI1TlNYeHNHaHZKWHoyLzYwMTMvTGhaZG1oa203cSs0
VUpBL1kKsaTnt+H/z8mkL21UYKIt3YMpWSV/oYqTm1cSSUnF9InZEYU9HndK9rc8
ni+MTJCmYf4mgvvGPMf7oIQvs6ijaTdlQb+zeQsL4eif20w+CWgvPNrS6iXUIs8W
w5/fHsxwmrkG96nDkMErJKhmjmLpC+YdbiMe6P/KIpas09m08RTIqcz7ua0Xm3ey
ndU+8ILJOhcnWV55W43nTw/UUFse7f+qY61n7kcd1sGd7ZfSEdEIqS3K2vEtA3ER
fn0s3cyXVEBxL9OZqcAk45bCFVOl13Fp/DBfquHEjvAyeg0=
-----END AGE ENCRYPTED FILE-----"""


def test_comments_blank_lines_and_windows_line_ends() -> None:
    data = f"# one\r\n\r\n{KEY_ONE}\r\n#two\r\n{KEY_TWO}".encode()
    assert parse_identities(data, "keys.txt") == [ONE, TWO]


def test_several_on_a_line_only_where_sops_reads_words() -> None:
    data = f"{KEY_ONE}  {KEY_TWO}\n".encode()
    assert parse_identities(data, "SOPS_AGE_KEY", words=True) == [ONE, TWO]
    with pytest.raises(RefusedError):
        parse_identities(data, "keys.txt")


def test_what_only_the_program_can_use() -> None:
    found = parse_identities(f"{PQ}\nAGE-PLUGIN-YUBIKEY-1QQ\n{KEY_ONE}\n".encode(), "keys.txt")
    assert [type(item) for item in found] == [Unusable, Unusable, Identity]
    assert all(item.for_binary for item in found if isinstance(item, Unusable))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f" {KEY_ONE}", "white space"),
        (KEY_ONE.lower(), "upper case"),
        (KEY_ONE[:-1], "checksum"),
        (KEY_ONE[:-1] + "b", "mixed"),
        (KEY_ONE[:-1] + "B", "never occurs"),
        (str(ONE.recipient), "is a recipient"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "starts an ssh key"),
        ("  # comment", "starts with white space"),
        ("hunter2", "is not an age identity"),
    ],
    ids=[
        "indented",
        "lower-case",
        "cut-off",
        "mixed-case",
        "foreign-letter",
        "recipient",
        "ssh-header",
        "indented-comment",
        "nonsense",
    ],
)
def test_a_bad_line_is_named_and_not_quoted(line: str, says: str) -> None:
    with pytest.raises(RefusedError, match=r"keys\.txt, line 3") as caught:
        parse_identities(f"# one\n{KEY_TWO}\n{line}\n".encode(), "keys.txt")
    told = f"{caught.value} {caught.value.hint} {caught.value.__context__!r}"
    assert says in told
    assert line.strip()[12:] not in told or line.strip()[12:] == ""
    assert KEY_TWO not in told


def test_nothing_shows_the_private_key() -> None:
    shown = f"{ONE} {ONE!r} {[ONE]} {ONE.secret} {vars(type(ONE))}"
    assert KEY_ONE not in shown
    assert KEY_ONE[16:40] not in shown
    assert ONE.recipient.short in repr(ONE)
    with pytest.raises(TypeError):
        pickle.dumps(ONE)


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    for candidate in (data, b"age-encryption" + data, b"-----BEGIN AGE" + data, KEY_ONE.encode() + b"\n" + data):
        try:
            parse_identities(candidate, "keys.txt")
        except RefusedError as error:
            assert KEY_ONE not in str(error)  # noqa: PT017


COMMENTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])).map(lambda text: f"#{text}")


@given(st.lists(st.one_of(st.just(""), COMMENTS, st.sampled_from([KEY_ONE, KEY_TWO]))), st.sampled_from(["\n", "\r\n"]))
def test_the_keys_come_out_in_order(lines: list[str], end: str) -> None:
    found = parse_identities(end.join(lines).encode(), "keys.txt")
    wanted = {KEY_ONE: ONE, KEY_TWO: TWO}
    assert found == [wanted[line] for line in lines if line in wanted]


def test_the_file_that_age_encrypted() -> None:
    (locked,) = parse_identities(SOPS_ENCRYPTED, "keys.txt")
    assert isinstance(locked, Locked)
    (identity,) = locked.open_with(SecretValue("passphrase"))
    assert isinstance(identity, Identity)
    assert str(identity.recipient) == SOPS_RECIPIENT
    assert identity.source == "keys.txt"
    with pytest.raises(NoIdentityError, match=r"keys\.txt does not open with that passphrase"):
        locked.open_with(SecretValue("wrong"))


def test_a_passphrase_file_of_our_own(tmp_path: Path) -> None:
    path = tmp_path / "backup.age"
    path.write_text(encrypt_with_passphrase(identity_file_text(ONE), SecretValue("lömg enough")))
    assert KEY_ONE not in path.read_text()
    asked: list[str] = []

    def ask(source: str) -> SecretValue:
        asked.append(source)
        return SecretValue("lömg enough")

    assert load_identities(path, "backup.age", ask) == [ONE]
    assert asked == ["backup.age"]
    with pytest.raises(NoIdentityError, match="under a passphrase"):
        load_identities(path, "backup.age")
    with pytest.raises(RefusedError, match="empty"):
        encrypt_with_passphrase(identity_file_text(ONE), SecretValue(""))


def test_what_is_encrypted_for_a_recipient_is_no_passphrase_file() -> None:
    import pyrage  # noqa: PLC0415

    recipient = pyrage.x25519.Recipient.from_str(str(ONE.recipient))
    for armored in (True, False):
        data = pyrage.encrypt(KEY_TWO.encode(), [recipient], armored=armored)
        with pytest.raises(RefusedError, match="encrypted for a recipient"):
            parse_identities(data, "keys.txt")


def test_files_named_by_the_user(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(RefusedError, match="cannot read the identity file key: No such file"):
        load_identities(path, "key")
    path.write_text("# nothing\n")
    with pytest.raises(NoIdentityError, match="it holds no key"):
        load_identities(path, "key")
    path.write_text(PQ)
    with pytest.raises(NoIdentityError, match="post-quantum"):
        load_identities(path, "key")
    path.write_text(KEY_ONE)
    assert load_identities(path, "key") == [ONE]

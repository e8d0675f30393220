from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.stack.placeholders import is_example_host, is_example_url, is_placeholder, tokens


@pytest.mark.parametrize(
    "value",
    [
        "CHANGE_ME_BEFORE_DEPLOY",
        "change-me",
        "ChangeMe",
        "REPLACE_ME",
        "replace_this_now",
        "<your-value-2>",
        "<secret>",
        "your-password-here",
        "xxxxxxxx",
        "********",
        "...",
        "postgresql://synapse:CHANGE_ME_BEFORE_DEPLOY@db/synapse",
        " CHANGE_ME ",
    ],
)
def test_placeholder(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["synapse", "password", "my-dog-is-called-rex", "a<b>c", "yourself", "exchange me"])
def test_no_placeholder(value: str) -> None:
    assert not is_placeholder(value)


@given(st.binary(min_size=16, max_size=64))
def test_generated_values_are_real(raw: bytes) -> None:
    assert not is_placeholder(raw.hex())


@pytest.mark.parametrize(
    ("host", "example"),
    [
        ("matrix.example.com", True),
        ("example.org", True),
        ("chat.yourdomain.com", True),
        ("<NODE_IP>", True),
        ("", True),
        ("192.168.1.100", False),
        ("matrix.org", False),
        ("example.com.au", False),
        ("localhost", False),
    ],
)
def test_example_host(host: str, *, example: bool) -> None:
    assert is_example_host(host) is example


@pytest.mark.parametrize(
    ("url", "example"),
    [
        ("http://<NODE_IP>:30067", True),
        ("http://matrix.example.com:30067", True),
        ("https://matrix.example.com/", True),
        ("http://192.168.1.100:30067", False),
        ("http://[2001:db8::1]:30067", False),
        ("https://matrix.org", False),
    ],
)
def test_example_url(url: str, *, example: bool) -> None:
    assert is_example_url(url) is example


def test_tokens_stand_where_they_say() -> None:
    text = "# http://<NODE_IP>:1 @a:matrix.example.com, CHANGE_ME_BEFORE_DEPLOY <your-value-2> notmatrix.example.com"
    found = list(tokens(text))
    assert [each.text for each in found] == [
        "<NODE_IP>",
        "matrix.example.com",
        "CHANGE_ME_BEFORE_DEPLOY",
        "<your-value-2>",
    ]
    assert all(text[each.start : each.end] == each.text for each in found)

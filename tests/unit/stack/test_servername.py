from __future__ import annotations

import pytest

from matrix_secrets.errors import UsageError
from matrix_secrets.stack.servername import base_url, check_base_url, check_node_ip, check_server_name, is_lower_case


@pytest.mark.parametrize(
    "name",
    [
        "192.168.1.100",
        "matrix.org",
        "localhost",
        "matrix.org:8448",
        "[2001:db8::1]",
        "[2001:db8::1]:8448",
        "Matrix.Org",
    ],
)
def test_server_name(name: str) -> None:
    check_server_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "http://matrix.org",
        "matrix.org/",
        "matrix_server",
        "2001:db8::1",
        "[2001:db8::zz]",
        "matrix.org:0",
        "matrix.org:99999",
        "matrix.org:",
        "300.1.1.1",
        "1.2.3",
        "-a.org",
        "a..org",
        "a" * 64 + ".org",
        "matrix.example.com",
        "<NODE_IP>",
        "@alice:matrix.org",
        "matrix.org\n",
        "bücher.de",
    ],
)
def test_no_server_name(name: str) -> None:
    with pytest.raises(UsageError, match="--server-name"):
        check_server_name(name)


@pytest.mark.parametrize(
    "url", ["http://192.168.1.100:30067", "https://matrix.org", "https://matrix.org/", "http://[2001:db8::1]:30067"]
)
def test_base_url(url: str) -> None:
    check_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "192.168.1.100:30067",
        "ftp://matrix.org",
        "http://",
        "http://a b",
        "http://matrix.org?x=1",
        "http://matrix.org#x",
        "http://me:pw@matrix.org",
        "http://matrix.org:0",
        "http://matrix.org:99999",
        "http://<NODE_IP>:30067",
        'http://matrix.org/"',
        "http://[::1",
        "http://300.1.1.1",
    ],
)
def test_no_base_url(url: str) -> None:
    with pytest.raises(UsageError, match="--public-baseurl"):
        check_base_url(url)


def test_addresses() -> None:
    check_node_ip("192.168.1.100")
    check_node_ip("2001:db8::1")
    assert base_url("192.168.1.100", 30067) == "http://192.168.1.100:30067"
    assert base_url("2001:db8::1", 30067) == "http://[2001:db8::1]:30067"
    for text in ("blueberry", "192.168.1", "192.168.1.100:80", ""):
        with pytest.raises(UsageError, match="--node-ip"):
            check_node_ip(text)


def test_lower_case_is_advice() -> None:
    assert is_lower_case("matrix.org")
    assert not is_lower_case("Matrix.org")

"""Matrix server names and the URLs of homeservers: their grammar."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from matrix_secrets.errors import UsageError
from matrix_secrets.stack.placeholders import is_example_host, is_placeholder

# https://spec.matrix.org/latest/appendices/#server-name
_SERVER_NAME: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::(?P<port>[0-9]{1,5}))?")
_MAX_PORT: Final = 65535


def check_server_name(name: str) -> None:
    """Make sure that a text is a Matrix server name. Raises UsageError with what is wrong with it."""
    fault = fault_of_server_name(name)
    if fault is not None:
        raise UsageError(
            f"--server-name: {fault}",
            hint="give a host name or an IP address, as in --server-name matrix.yourdomain.com",
        )


def check_node_ip(address: str) -> None:
    """Make sure that a text is an IP address. Raises UsageError."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise UsageError(
            "--node-ip: that is not an IP address",
            hint="kubectl get nodes -o wide shows it as INTERNAL-IP; or give --node-ip auto",
        ) from None


def check_base_url(url: str) -> None:
    """Make sure that a text is a URL that Synapse takes as public_baseurl. Raises UsageError."""
    fault = _fault_of_url(url)
    if fault is not None:
        raise UsageError(f"--public-baseurl: {fault}", hint="give it as in --public-baseurl http://192.168.1.100:30067")


def base_url(address: str, port: int) -> str:
    """Return the URL of Synapse behind a node's port."""
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}"


def is_lower_case(name: str) -> bool:
    """Tell whether a server name follows the specification's advice."""
    return name == name.lower()


def fault_of_server_name(name: str) -> str | None:
    """Say what is wrong with a Matrix server name; None where nothing is."""
    if "://" in name:
        return "a server name has no http:// or https:// before it"
    if is_placeholder(name) or is_example_host(re.sub(r":\d+$", "", name)):
        return "that is a placeholder, not a name"
    if name.count(":") > 1 and not name.startswith("["):
        return "an IPv6 address stands in brackets, as in [2001:db8::1]"
    found = _SERVER_NAME.fullmatch(name)
    if found is None:
        return "that is not a server name: letters, digits, dots and hyphens, and perhaps :port"
    host, port = found["host"], found["port"]
    if port is not None and not 0 < int(port) <= _MAX_PORT:
        return f"a port is a number from 1 to {_MAX_PORT}"
    return _fault_of_host(host)


def _fault_of_host(host: str) -> str | None:
    if host.startswith("["):
        return None if _is_ip(host[1:-1]) else "that is not an IPv6 address"
    if re.fullmatch(r"[0-9.]+", host):
        return None if _is_ip(host) else "that is not an IPv4 address"
    labels = host.split(".")
    if any(not label or len(label) > 63 or label[0] == "-" or label[-1] == "-" for label in labels):
        return "that is not a host name: a part between two dots is empty, too long, or has a hyphen at its end"
    return None


def _fault_of_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "that is not a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it begins with http:// or https:// and a host"
    if is_placeholder(url) or is_example_host(parts.hostname):
        return "that is a placeholder, not an address"
    if parts.query or parts.fragment or parts.username is not None or parts.password is not None:
        return "it has no user, ? or # in it"
    if not _is_clean(url, parts) or port == 0:
        return "that is not a URL"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return _fault_of_host(host)


def _is_clean(url: str, parts: SplitResult) -> bool:
    return re.fullmatch(r"[!-~]+", url) is not None and re.search(r"[\"'<>\\^`{|}]", url) is None and bool(parts.netloc)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

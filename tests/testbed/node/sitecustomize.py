"""A pod's network, for a Python program: "every address" is the pod's own one."""

from __future__ import annotations

import os
import socket
from typing import Any

_ADDRESS = os.environ["TESTBED_POD_ADDRESS"]
_bind = socket.socket.bind


def bind(self: socket.socket, address: Any) -> None:  # noqa: ANN401  whatever the family takes
    if isinstance(address, tuple) and address[0] in {"", "0.0.0.0"}:  # noqa: S104  what is replaced
        address = (_ADDRESS, *address[1:])
    elif isinstance(address, tuple) and address[0] == "::":
        address = (f"::ffff:{_ADDRESS}", *address[1:])
    _bind(self, address)


setattr(socket.socket, "bind", bind)  # noqa: B010  a plain assignment is no method to mypy

"""Loopback networks of one's own for every testbed: 127.X.Y.0/24 and 127.X+64.Y.0/24. So ports can be the usual ones.

Linux answers on all of 127.0.0.0/8. A connection that does not choose its source comes from 127.0.0.1.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, field

NODE = 1  # the host part of the node's address
FIRST_POD, LAST_POD = 10, 250


@dataclass
class Network:
    """127.X.Y.0/24, held until closed."""

    prefix: str
    held: socket.socket
    taken: set[int] = field(default_factory=set)
    last: int = FIRST_POD - 1

    @property
    def node(self) -> str:
        return f"{self.prefix}.{NODE}"

    @property
    def services(self) -> str:
        """The range of the services' addresses: 127.X+64.Y.0/24."""
        first, second, third = self.prefix.split(".")
        return f"{first}.{int(second) + 64}.{third}.0/24"

    def take(self) -> str:
        """An address for a pod, one that was not in use a moment ago."""
        span = LAST_POD - FIRST_POD + 1
        for step in range(span):
            host = FIRST_POD + (self.last + 1 - FIRST_POD + step) % span
            if host not in self.taken:
                self.taken.add(host)
                self.last = host
                return f"{self.prefix}.{host}"
        raise RuntimeError(f"no address left in {self.prefix}.0/24")

    def give_back(self, address: str) -> None:
        self.taken.discard(int(address.rpartition(".")[2]))

    def close(self) -> None:
        self.held.close()


def claim() -> Network:
    """Find a network that no other testbed on this machine uses."""
    start = os.getpid()
    for step in range(256 * 64):
        number = (start + step) % (256 * 64)
        prefix = f"127.{64 + number // 256}.{number % 256}"
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0matrix-secrets-testbed {prefix}")  # an abstract name: gone with the process
        except OSError as error:
            held.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        return Network(prefix, held)
    raise RuntimeError("no loopback network is free")

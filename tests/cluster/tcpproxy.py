"""A TCP proxy before the API server: slow, silent, or gone after so many turns of talk."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.testbed.cluster import Cluster

_CHUNK = 65536


@dataclass
class Proxy:
    """Passes bytes on. A turn is what the client sends in one go; ``turns`` None: no end.

    ``delay`` is in seconds, before each turn is passed on; ``silent`` takes what the client sends and answers nothing.
    """

    address: str
    target: int
    delay: float = 0.0
    silent: bool = False
    turns: int | None = None
    taken: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        self._listener.bind((self.address, 0))
        self._listener.listen()
        self._begin(self._accept)

    def stop(self) -> None:
        self._cut(self._listener)
        for each in list(self._open):
            self._cut(each)
        for thread in list(self._threads):
            thread.join(10)

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.turns is not None and self.taken >= self.turns:
                self._cut(client)
                continue
            server = socket.create_connection((self.address, self.target))
            self._open += [client, server]
            self._begin(self._talk, client, server)
            self._begin(self._answer, server, client)

    def _talk(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                self.taken += 1
                if self.turns is not None and self.taken > self.turns:
                    break
                time.sleep(self.delay)
                if not self.silent:
                    server.sendall(data)
        self._cut(client)
        self._cut(server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(_CHUNK):
                client.sendall(data)
        self._cut(client)
        self._cut(server)

    @staticmethod
    def _cut(each: socket.socket) -> None:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def before(cluster: Cluster, kubeconfig: Path, **how: object) -> Iterator[Proxy]:
    """Run a proxy, and write a kubeconfig of the administrator that goes through it."""
    text = cluster.kubeconfig.read_text()
    server = cluster.apiserver.server.url
    proxy = Proxy(cluster.node_address, int(server.rpartition(":")[2]), **how)  # type: ignore[arg-type]
    proxy.start()
    kubeconfig.write_text(text.replace(server, f"https://{cluster.node_address}:{proxy.port}"))
    try:
        yield proxy
    finally:
        proxy.stop()

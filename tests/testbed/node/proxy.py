"""kube-proxy's part: connections to a service's address or node port reach a ready pod, and are refused without one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.testbed.node.names import Route

CHUNK = 65536


@dataclass
class Proxy:
    """Listens on loopback addresses only: the services' range is one, and so is ``node``."""

    node: str
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _servers: dict[Route, asyncio.Server] = field(default_factory=dict)
    _behind: dict[Route, list[Route]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.route({})
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def route(self, wanted: dict[Route, list[Route]]) -> None:
        """Listen for exactly those that have a pod behind them."""
        alive = {route: behind for route, behind in wanted.items() if behind}
        if alive != self._behind:
            asyncio.run_coroutine_threadsafe(self._change(alive), self._loop).result(10)

    async def _change(self, wanted: dict[Route, list[Route]]) -> None:
        for gone in set(self._servers) - set(wanted):
            self._servers.pop(gone).close()
        self._behind = wanted
        for route in set(wanted) - set(self._servers):
            address, port = route
            with suppress(OSError):  # somebody else's port: refused, as in a cluster where it is taken
                self._servers[route] = await asyncio.start_server(self._serve(route), address or self.node, port)

    def _serve(self, route: Route) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            behind = self._behind.get(route)
            try:
                if behind:
                    there = await asyncio.open_connection(*behind[0])
                    await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
            except OSError:
                pass  # gone in between
            finally:
                writer.close()

        return serve


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

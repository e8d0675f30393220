"""A headless Chromium with one page, spoken to in the DevTools protocol: https://chromedevtools.github.io/devtools-protocol/"""

from __future__ import annotations

import itertools
import json
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import websocket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Nothing but the page: no updates, no start page. Root may not use Chromium's own sandbox.
QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", *QUIET)
SECONDS = 60


class PageError(Exception):
    """What a script ended with, in the browser's own words."""


class Page:
    """An open page."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def go_to(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        self._ask("Page.navigate", url=url)
        end = time.monotonic() + SECONDS
        while self.run("[location.href, document.readyState]") != [url, "complete"]:
            assert time.monotonic() < end, f"{url} was not loaded"
            time.sleep(0.1)

    def run(self, script: str) -> Any:  # noqa: ANN401  whatever the script returns
        """Run a script in the page, wait for its promise, return its value. Raises PageError."""
        done = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise PageError(done["exceptionDetails"].get("exception", {}).get("description", ""))
        return done["result"].get("value")

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  the protocol's
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv())).get("id") != number:
            pass
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found


@contextmanager
def opened(program: Path, profile: Path) -> Iterator[Page]:
    """Start the browser with an empty profile; end it afterwards."""
    command = [str(program), *OPTIONS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
    profile.mkdir()
    with (profile / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        port = _port(process, profile)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS) as answer:
            (page,) = (each for each in json.loads(answer.read()) if each["type"] == "page")
        url = page["webSocketDebuggerUrl"]
        socket = websocket.create_connection(url, timeout=SECONDS, suppress_origin=True)
        try:
            yield Page(socket)
        finally:
            socket.close()
    finally:
        process.terminate()
        process.wait(SECONDS)


def _port(process: subprocess.Popen[bytes], profile: Path) -> str:
    file, end = profile / "DevToolsActivePort", time.monotonic() + SECONDS
    while not file.exists() or "\n" not in file.read_text():
        assert process.poll() is None, (profile / "log").read_text()
        assert time.monotonic() < end, (profile / "log").read_text()
        time.sleep(0.1)
    return file.read_text().partition("\n")[0]

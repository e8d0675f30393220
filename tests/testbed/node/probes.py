"""A container's readiness probe, really carried out, but without its delays."""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError

if TYPE_CHECKING:
    from tests.testbed.api import Resource
    from tests.testbed.node.container import Container


def is_ready(container: Container, address: str) -> bool:
    """Tell whether a running container answers its readiness probe; without one it is ready.

    PostgreSQL must listen as well: while it is initialised a server answers that is only on the socket.
    """
    ports = [int(port["containerPort"]) for port in container.spec.get("ports") or ()]
    if container.socket and ports and not _connects(address, ports[0], 5):
        return False
    probe = container.spec.get("readinessProbe")
    if probe is None or container.process is None:
        return container.running
    seconds = max(float(probe.get("timeoutSeconds", 1)), 5)  # a small machine
    if http := probe.get("httpGet"):
        port = port_number(container.spec, http["port"])
        return _http(f"http://{http.get('host', address)}:{port}{http.get('path', '/')}", seconds)
    if tcp := probe.get("tcpSocket"):
        return _connects(address, port_number(container.spec, tcp["port"]), seconds)
    return _runs(container, (probe.get("exec") or {}).get("command") or ["true"], seconds)


def port_number(container: Resource, port: int | str) -> int:
    """A port by its number or its name."""
    if isinstance(port, int):
        return port
    return next(int(one["containerPort"]) for one in container.get("ports") or () if one.get("name") == port)


def _http(url: str, seconds: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return 200 <= int(answer.status) < 400
    except (HTTPError, URLError, OSError):
        return False


def _connects(address: str, port: int, seconds: float) -> bool:
    try:
        with socket.create_connection((address, port), seconds):
            return True
    except OSError:
        return False


def _runs(container: Container, command: list[str], seconds: float) -> bool:
    enter = [str(container.folder / "enter"), *command]
    try:
        return subprocess.run(enter, capture_output=True, timeout=seconds, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False

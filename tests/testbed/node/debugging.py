"""Where ``logs`` and ``port-forward`` of a pod lead: kwok reads it from objects of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.node.images import SOCKETS

if TYPE_CHECKING:
    from tests.testbed.api import Api, Resource
    from tests.testbed.node.container import Container

VERSION = "kwok.x-k8s.io/v1alpha1"
KINDS = ("Logs", "PortForward")
BRIDGE = Path(__file__).with_name("bridge.py")
POSTGRES = 5432


def publish(api: Api, pod: Resource, containers: list[Container], address: str) -> None:
    """Write both objects of a pod."""
    meta = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    specs: dict[str, Resource] = {
        "Logs": {"logs": [_logs(one) for one in containers if one.log is not None]},
        "PortForward": {"forwards": [forward for one in containers for forward in _forwards(one, address)]},
    }
    for kind, spec in specs.items():
        api.apply({"apiVersion": VERSION, "kind": kind, "metadata": meta, "spec": spec}, manager="kubelet")


def withdraw(api: Api, pod: Resource) -> None:
    for kind in KINDS:
        api.delete(f"{VERSION}/{kind}", pod["metadata"]["name"], pod["metadata"]["namespace"])


def _logs(container: Container) -> Resource:
    assert container.log is not None
    found = {"containers": [container.name], "logsFile": str(container.log.file), "follow": True}
    if container.previous_log is not None:
        found["previousLogsFile"] = str(container.previous_log.file)
    return found


def _forwards(container: Container, address: str) -> list[Resource]:
    ports = [int(port["containerPort"]) for port in container.spec.get("ports") or ()]
    if container.process is not None and container.stop_signal.name == "SIGINT":
        # In a real pod a forward comes from 127.0.0.1, which PostgreSQL's image trusts as it trusts its socket.
        folder = f"/proc/{container.process.pid}/root{SOCKETS}"
        command = [sys.executable, "-I", str(BRIDGE), folder, f".s.PGSQL.{POSTGRES}"]
        return [{"ports": ports or [POSTGRES], "command": command}]
    return [{"ports": [port], "target": {"address": address, "port": port}} for port in ports]

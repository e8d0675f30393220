"""Where ``kubectl logs`` and ``port-forward`` lead: kwok reads the one, podserver (tests/parts/kwok) the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api, Resource
    from tests.testbed.node.container import Container

LOGS = "kwok.x-k8s.io/v1alpha1/Logs"


def publish_logs(api: Api, pod: Resource, containers: list[Container]) -> None:
    """Say where the log of each container is, this run's and the last one's."""
    version, _, kind = LOGS.rpartition("/")
    meta = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    logs = [_logs(one) for one in containers if one.log is not None]
    api.apply({"apiVersion": version, "kind": kind, "metadata": meta, "spec": {"logs": logs}}, manager="kubelet")


def withdraw_logs(api: Api, pod: Resource) -> None:
    api.delete(LOGS, pod["metadata"]["name"], pod["metadata"]["namespace"])


def _logs(container: Container) -> Resource:
    assert container.log is not None
    found = {"containers": [container.name], "logsFile": str(container.log.file), "follow": True}
    if container.previous_log is not None:
        found["previousLogsFile"] = str(container.previous_log.file)
    return found


def write_ports(folder: Path, container: Container, address: str) -> None:
    """Say what each port of a running container leads to.

    In a real pod a forward comes from 127.0.0.1, which PostgreSQL's image trusts as it trusts its socket. Here other
    connections come from there too, so only the socket is trusted, and a forward leads to it.
    """
    folder.mkdir(exist_ok=True)
    for port in container.spec.get("ports") or ():
        number = port["containerPort"]
        target = f"tcp {address}:{number}"
        if container.socket and container.process is not None:
            target = f"unix /proc/{container.process.pid}/root{container.socket}"
        (folder / str(number)).write_text(target)

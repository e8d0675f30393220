"""Element's web server in its pod: the config.json that browsers get from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cluster.failures import UnreachableError
from matrix_secrets.cluster.portforward import Answer, ask_pod

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

CONFIG_PATH: Final = "/config.json"


def ask_element(cluster: Connection, pod: LivePod, port: int) -> Answer | None:
    """Return what it serves, None where the port does not answer. Raises OutsideError where we may not ask."""
    try:
        return ask_pod(cluster, pod, port, "GET", CONFIG_PATH)
    except UnreachableError:
        return None

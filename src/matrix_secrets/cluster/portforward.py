"""HTTP to a port of a pod, through the API server, as `kubectl port-forward` does."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.cluster.failures import silence
from matrix_secrets.cluster.kinds import POD
from matrix_secrets.cluster.podexec import refused
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

_TIMEOUT: Final = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes


class _Forwarded(http.client.HTTPConnection):
    """HTTP over a socket that is there already."""

    def __init__(self, through: socket.socket) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._through = through

    def connect(self) -> None:
        self.sock = self._through


def ask_pod(
    cluster: Connection, pod: LivePod, port: int, method: str, path: str, body: Mapping[str, object] | None = None
) -> Answer:
    """Send one HTTP request to a pod's port; ``body`` goes as JSON and may hold secrets.

    Raises OutsideError where it does not answer, or it is forbidden.
    """
    asked = cluster.asked("create", POD, pod.namespace, pod.name, "portforward")
    with _socket(cluster, pod, port) as through:
        connection = _Forwarded(through)
        try:
            sent = None if body is None else json.dumps(body).encode()
            headers = {"Connection": "close"} | ({} if sent is None else {"Content-Type": "application/json"})
            connection.request(method, path, body=sent, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except (http.client.HTTPException, OSError) as error:
            raise silence(asked, error) from None


@contextmanager
def _socket(cluster: Connection, pod: LivePod, port: int) -> Iterator[Any]:
    import websocket  # noqa: PLC0415  comes with kubernetes
    from kubernetes import client, stream  # noqa: PLC0415  0.2 s: only where the cluster is asked

    asked = cluster.asked("create", POD, pod.namespace, pod.name, "portforward")
    core = client.CoreV1Api(client.ApiClient(cluster.client.configuration))
    try:
        forward = stream.portforward(
            core.connect_get_namespaced_pod_portforward, pod.name, pod.namespace, ports=str(port)
        )
    except client.ApiException as error:
        raise refused(asked, error) from None
    except (websocket.WebSocketException, OSError) as error:
        raise silence(asked, error) from None
    try:
        through = forward.socket(port)
        through.settimeout(_TIMEOUT)
        yield through
    finally:
        forward.close()

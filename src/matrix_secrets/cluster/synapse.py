"""Synapse in its pod, asked over HTTP through the API server: reading only."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from matrix_secrets.cluster.failures import UnreachableError
from matrix_secrets.cluster.portforward import Answer, ask_pod
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Answers:
    """Status codes, None where nothing answered. ``server_name`` is its own word, empty where it has none for us.

    ``profile`` is that of somebody who is not there: 404, or 500 where the database cannot be read; ``/health`` and
    what is cached stay 200 then. ``registration`` is 403 where registration is closed.
    """

    health: int | None
    versions: int | None = None
    profile: int | None = None
    registration: int | None = None
    server_name: str = ""


def ask_synapse(cluster: Connection, pod: LivePod, port: int, server_name: str) -> Answers:
    """Ask a pod; ``server_name`` is that of its users. Raises OutsideError where the cluster does not let us."""
    health = _get(cluster, pod, port, "/health")
    if health is None:
        return Answers(None)
    # https://spec.matrix.org/v1.11/server-server-api/#publishing-keys
    key = _get(cluster, pod, port, "/_matrix/key/v2/server")
    own = _server_name(key) if key is not None and key.status == _OK else ""
    nobody = quote(f"@{secrets.token_hex(8)}:{own or server_name}")
    versions = _get(cluster, pod, port, "/_matrix/client/versions")
    profile = _get(cluster, pod, port, f"/_matrix/client/v3/profile/{nobody}")
    # https://spec.matrix.org/v1.11/client-server-api/#get_matrixclientv3registeravailable
    name = secrets.token_hex(8)
    registration = _get(cluster, pod, port, f"/_matrix/client/v3/register/available?username={name}")
    return Answers(health.status, _status(versions), _status(profile), _status(registration), own)


def _get(cluster: Connection, pod: LivePod, port: int, path: str) -> Answer | None:
    """Ask; None where the pod's port does not answer."""
    try:
        return ask_pod(cluster, pod, port, "GET", path)
    except UnreachableError:
        return None


def _status(answer: Answer | None) -> int | None:
    return None if answer is None else answer.status


def _server_name(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return ""
    name = found.get("server_name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""

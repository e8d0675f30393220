"""Synapse in its pod, over HTTP through the API server: whether it reads its database."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from matrix_secrets.cluster.portforward import ask_pod
from matrix_secrets.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.cluster.workloads import LivePod

# Neither of these needs a log-in, and neither is answered from a cache: nobody has asked for such a name before.
_PROFILE: Final = "/_matrix/client/v3/profile/%40{name}%3A{server}"
_ALIAS: Final = "/_matrix/client/v3/directory/room/%23{name}%3A{server}"
_NOT_FOUND: Final = 404


def reads_database(cluster: Connection, pods: Sequence[LivePod], port: int, server_name: str) -> bool:
    """Whether one of the pods answers a question that only the database can answer.

    ``/health`` and known tokens are answered without it. A profile that does not exist is 404, with a broken database
    500; where profiles want a log-in, a room alias is asked for. Raises OutsideError where no pod answers at all.
    """
    silent: OutsideError | None = None
    for pod in pods:
        try:
            for path in (_PROFILE, _ALIAS):
                name = f"matrix-secrets-{secrets.token_hex(8)}"
                address = path.format(name=name, server=quote(server_name, safe=""))
                status = ask_pod(cluster, pod, port, "GET", address).status
                if status not in {401, 403}:
                    return status == _NOT_FOUND
        except OutsideError as error:
            silent = error
    if silent is not None:
        raise silent
    return False

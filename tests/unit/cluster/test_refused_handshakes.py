"""What the API server says to a refused exec or port-forward, as kubernetes' client hands it on."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from kubernetes.client import ApiException
from websocket import WebSocketBadStatusException

from matrix_secrets.cluster.connection import connect
from matrix_secrets.cluster.failures import Asked, ForbiddenError, UnknownKindError, UnreachableError
from matrix_secrets.cluster.podexec import refused, run_in_pod
from matrix_secrets.cluster.workloads import LivePod

if TYPE_CHECKING:
    from pathlib import Path

ASKED = Asked("create", "pods", "matrix", "synapse-1", "home (https://server)", " --context home", "exec")


def handshake(status: int, answer: bytes) -> ApiException:
    """The client's own error, with the handshake's behind it."""
    try:
        try:
            raise WebSocketBadStatusException("Handshake status %s %s", status, "", {}, answer)  # noqa: TRY301
        except WebSocketBadStatusException as error:
            raise ApiException(status=0, reason=str(error))  # noqa: B904  as the client does it
    except ApiException as error:
        return error


@pytest.mark.parametrize("verb", ["get", "create"])
def test_the_right_that_is_missing(verb: str) -> None:
    """Kubernetes up to 1.34 asks for get, later versions for create as well."""
    message = f'pods "synapse-1" is forbidden: User "alice" cannot {verb} resource "pods/exec" in API group ""'
    found = refused(ASKED, handshake(403, json.dumps({"kind": "Status", "message": message}).encode()))
    assert isinstance(found, ForbiddenError)
    assert found.message == f"home (https://server): you may not {verb} pods/exec in matrix"
    assert found.cause == message
    command = f"kubectl --context home auth can-i {verb} pods/synapse-1 --subresource exec --namespace matrix"
    assert (found.hint or "").startswith(f"{command}; ")


@pytest.mark.parametrize("answer", [b"", b"<html>a proxy's page</html>"])
def test_answers_that_say_nothing(answer: bytes) -> None:
    found = refused(ASKED, handshake(403, answer))
    assert isinstance(found, ForbiddenError)
    assert "you may not get pods/exec in matrix" in found.message
    assert isinstance(refused(ASKED, handshake(404, answer)), UnknownKindError)
    assert isinstance(refused(ASKED, handshake(502, answer)), UnreachableError)


def test_ctrl_c_during_a_handshake_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kubernetes' client takes it for a failure of the connection."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        cluster = {"name": "silent", "cluster": {"server": f"http://127.0.0.1:{server.getsockname()[1]}"}}
        context = {"name": "silent", "context": {"cluster": "silent", "user": "nobody"}}
        config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context]}
        config |= {"current-context": "silent", "users": [{"name": "nobody", "user": {"token": "x"}}]}
        (tmp_path / "config").write_text(json.dumps(config))
        # The variable is read when the client is imported, and some other test has done that.
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))
        now = datetime.now(UTC)
        pod = LivePod("synapse-1", "matrix", {}, {}, "Running", now, now, False, "", "", "", (), (), (), ())

        def interrupt() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                os.kill(os.getpid(), signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            run_in_pod(connect(), pod, "synapse", ["true"])
        interrupting.join(10)

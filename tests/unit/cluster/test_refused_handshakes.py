"""What the API server says to a refused exec or port-forward, as kubernetes' client hands it on."""

from __future__ import annotations

import json

import pytest
from kubernetes.client import ApiException
from websocket import WebSocketBadStatusException

from matrix_secrets.cluster.failures import Asked, ForbiddenError, UnknownKindError, UnreachableError
from matrix_secrets.cluster.podexec import refused

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
